internal import Database
internal import Linux

/// Something that keeps the writer from writing.
struct CatalogTrouble: Error {
    let reason: String
    let remedy: String
    /// The connection is not to be used again: after an error of the disk nobody knows what of the log got there.
    let needsReopening: Bool
    /// The commit that failed may be found in the file all the same.
    let isCommitUncertain: Bool

    init(_ error: DatabaseError, path: String, directory: String) {
        reason = error.description
        remedy = error.remedy(path: path, directory: directory)
        isCommitUncertain = error.isCommitUncertain
        switch error.kind {
        case .full, .busy: needsReopening = false
        case .inputOutput, .readOnly, .cannotOpen, .corrupt, .constraint, .foreignSchema, .other: needsReopening = true
        }
    }

    private init(reason: String, remedy: String, isCommitUncertain: Bool) {
        self.reason = reason
        self.remedy = remedy
        self.isCommitUncertain = isCommitUncertain
        needsReopening = true
    }

    /// The same, after which the connection is not used again.
    var thatNeedsReopening: CatalogTrouble {
        CatalogTrouble(reason: reason, remedy: remedy, isCommitUncertain: isCommitUncertain)
    }

    init(_ error: SystemError, directory: String) {
        reason = error.description
        remedy = error.isNoSpace
            ? "free space on the file system of \(directory)"
            : "let the user that Sluice runs as write in \(directory)"
        needsReopening = false
        isCommitUncertain = false
    }
}
