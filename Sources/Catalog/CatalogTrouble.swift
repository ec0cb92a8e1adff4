internal import Database
internal import Linux

/// Something that keeps the writer from writing.
struct CatalogTrouble: Error {
    let reason: String
    let remedy: String
    private(set) var cure: CatalogRule.Cure
    /// What failed may be the fault of one entry.
    let isRefusal: Bool
    /// A rule of the schema said no: nothing is wrong with the file or the connection.
    let isRuleOfSchema: Bool
    /// The commit that failed may be found in the file all the same.
    let isCommitUncertain: Bool

    init(_ error: DatabaseError, path: String, directory: String) {
        let rule = error.rule(path: path, directory: directory)
        reason = error.description
        remedy = rule.remedy
        cure = rule.cure
        isRefusal = rule.isOfEntry
        isRuleOfSchema = error.kind == .constraint
        isCommitUncertain = error.isCommitUncertain
    }

    init(_ error: SystemError, directory: String) {
        reason = error.description
        remedy = error.isNoSpace
            ? "free space on the file system of \(directory)"
            : "let the user that Sluice runs as write in \(directory)"
        cure = error.isNoSpace ? .room : .proof
        isRefusal = false
        isRuleOfSchema = false
        isCommitUncertain = false
    }

    /// The same, met while `earlier` was to be cured: a connection that was lost stays lost, and a file that is damaged
    /// damaged, whatever the last attempt failed of.
    func after(_ earlier: CatalogTrouble) -> CatalogTrouble {
        var trouble = self
        switch (earlier.cure, cure) {
        case (.soundness, _), (.reopening, .proof), (.reopening, .room): trouble.cure = earlier.cure
        case (.reopening, .reopening), (.reopening, .soundness), (.proof, _), (.room, _): break
        }
        return trouble
    }
}
