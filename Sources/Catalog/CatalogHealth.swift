internal import Database

/// Whether the catalog can write.
package enum CatalogHealth: Equatable, Sendable {
    case ok
    /// It cannot, and tries again by itself; what went wrong, and what a person can do about it.
    case failing(reason: String, remedy: String)
}

/// Why the catalog does not open, in one line with what to do about it.
package struct CatalogError: Error, Equatable, Sendable, CustomStringConvertible {
    package let path: String
    package let reason: String
    package let remedy: String

    package init(path: String, reason: String, remedy: String) {
        self.path = path
        self.reason = reason
        self.remedy = remedy
    }

    package var description: String { "\(path): \(reason); \(remedy)" }
}

extension DatabaseError {
    /// What a person can do about it.
    func remedy(path: String, directory: String) -> String {
        switch kind {
        case .full: "free space on the file system of \(directory)"
        case .inputOutput: "check the disk below \(directory) (kernel log, free space, quota)"
        case .readOnly: "make \(path) and \(directory) writable for the user that Sluice runs as"
        case .cannotOpen: "make the directory \(directory), and let the user that Sluice runs as write there"
        case .corrupt: "stop Sluice, and restore \(path) from a backup or with `sqlite3 .recover`"
        case .busy: "look for another program that holds \(path) in a transaction, or \(path).lock"
        case .foreignSchema: "point SLUICE_DATABASE at Sluice's own file, or run the version that wrote it"
        case .constraint, .other: "report this as a defect"
        }
    }
}
