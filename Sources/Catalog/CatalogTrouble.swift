internal import Database
internal import Linux

/// Something that keeps the writer from writing.
struct CatalogTrouble: Error {
    let reason: String
    let remedy: String
    /// The connection is not to be used again: after an error of the disk nobody knows what of the log got there.
    private(set) var needsReopening: Bool
    /// What failed may be the fault of one entry, which would fail again however often it is tried.
    let isRefusal: Bool
    /// A rule of the schema said no: nothing is wrong with the file or the connection.
    let isRuleOfSchema: Bool
    /// The commit that failed may be found in the file all the same.
    let isCommitUncertain: Bool

    init(_ error: DatabaseError, path: String, directory: String) {
        reason = error.description
        remedy = error.remedy(path: path, directory: directory)
        isCommitUncertain = error.isCommitUncertain
        isRefusal = error.kind == .constraint || error.kind == .other
        isRuleOfSchema = error.kind == .constraint
        switch error.kind {
        case .full, .busy: needsReopening = false
        case .inputOutput, .readOnly, .cannotOpen, .corrupt, .constraint, .foreignSchema, .other: needsReopening = true
        }
    }

    /// The same, after which the connection is not used again.
    var thatNeedsReopening: CatalogTrouble {
        var trouble = self
        trouble.needsReopening = true
        return trouble
    }

    init(_ error: SystemError, directory: String) {
        reason = error.description
        remedy = error.isNoSpace
            ? "free space on the file system of \(directory)"
            : "let the user that Sluice runs as write in \(directory)"
        needsReopening = false
        isRefusal = false
        isRuleOfSchema = false
        isCommitUncertain = false
    }
}
