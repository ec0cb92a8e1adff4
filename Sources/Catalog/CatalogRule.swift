internal import Database

/// What the writer does about an error of the database. The one table: ``DatabaseError/rule(path:directory:)``.
///
/// Whatever the error, no upload is let in while it lasts (``Catalog/refusal``), `/readyz` and one log line say it with
/// the remedy, entries that somebody waits for fail, the others are kept, and the writer tries again by itself.
struct CatalogRule {
    /// When the writer holds that it can write again.
    enum Cure {
        /// A synced write on the same connection succeeds.
        case proof
        /// That, and there is room for more than the few bytes of a proof.
        case room
        /// A synced write on a new connection succeeds, once the log is certainly on the disk: after an error of the
        /// disk nobody knows what of it got there.
        case reopening
        /// That, and the whole file is sound: a proof writes one page, which may well not be the damaged one.
        case soundness
    }

    let cure: Cure
    /// What failed may be the fault of one entry, which would fail again however often it is tried: those of its batch
    /// are written one by one.
    var isOfEntry = false
    /// What a person can do about it.
    let remedy: String
}

extension DatabaseError {
    func rule(path: String, directory: String) -> CatalogRule {
        switch kind {
        // SQLITE_FULL
        case .full: CatalogRule(cure: .room, remedy: "free space on the file system of \(directory)")
        // SQLITE_BUSY, SQLITE_LOCKED, and the lock beside the file
        case .busy:
            CatalogRule(
                cure: .proof,
                remedy: "look for another program that holds \(path) in a transaction, or \(path).lock")
        // SQLITE_IOERR, a failed fsync among them
        case .inputOutput:
            CatalogRule(
                cure: .reopening, remedy: "check the disk below \(directory) (kernel log, free space, quota)")
        // SQLITE_READONLY, SQLITE_PERM
        case .readOnly:
            CatalogRule(
                cure: .reopening,
                remedy: "make \(path) and \(directory) writable for the user that Sluice runs as")
        // SQLITE_CANTOPEN
        case .cannotOpen:
            CatalogRule(
                cure: .reopening,
                remedy: """
                    put \(path) back, or make the directory \(directory) and let the user that Sluice runs as write \
                    there; a file that was restored wants a restart
                    """)
        // SQLITE_CORRUPT, SQLITE_NOTADB
        case .corrupt:
            CatalogRule(
                cure: .soundness,
                remedy: """
                    stop Sluice and restore \(path) from a backup, or save what is left of it with `sqlite3 .recover`
                    """)
        case .foreignSchema:
            CatalogRule(
                cure: .reopening,
                remedy: "point SLUICE_DATABASE at Sluice's own file, or run the version that wrote it")
        // SQLITE_CONSTRAINT, and what has no rule of its own
        case .constraint, .other:
            CatalogRule(cure: .reopening, isOfEntry: true, remedy: "report this as a defect")
        }
    }
}
