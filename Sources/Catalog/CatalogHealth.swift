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
