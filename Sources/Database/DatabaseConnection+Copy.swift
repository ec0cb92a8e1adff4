internal import CSQLite

extension DatabaseConnection {
    /// Makes `target`, which must be empty and nobody else's, a copy of this database as it is when the copying begins;
    /// others may go on writing meanwhile. https://www.sqlite.org/c3ref/backup_finish.html
    ///
    /// - Parameter goesOn: asked after each step with the pages that are left; `false` gives up.
    /// - Returns: `false` when it was given up: then `target` is of no use.
    package func copy(
        into target: DatabaseConnection, pagesPerStep: Int32, goesOn: (_ pagesLeft: Int) -> Bool
    ) throws(DatabaseError) -> Bool {
        // "If the source database is modified by an external process ... then the backup will be automatically
        // restarted by the next call to sqlite3_backup_step()": under load it would never end. Within a transaction
        // that reads, the source stays as it is, and keeps nobody from writing; the log alone cannot be begun anew.
        try execute("BEGIN")
        defer { try? execute("COMMIT") }
        _ = try integer("SELECT count(*) FROM sqlite_schema")
        guard let backup = unsafe sqlite3_backup_init(target.handle, "main", handle, "main") else {
            throw unsafe DatabaseError.last(
                on: target.handle, code: sqlite3_extended_errcode(target.handle), operation: "backup")
        }
        var result = SQLITE_OK
        var isGivenUp = false
        while result == SQLITE_OK, !isGivenUp {
            result = unsafe sqlite3_backup_step(backup, pagesPerStep)
            if result == SQLITE_OK { isGivenUp = !goesOn(Int(unsafe sqlite3_backup_remaining(backup))) }
        }
        // The error is kept "in the destination database connection" by the finish, which returns it.
        let finished = unsafe sqlite3_backup_finish(backup)
        if isGivenUp { return false }
        guard result == SQLITE_DONE, finished == SQLITE_OK else {
            let code = finished == SQLITE_OK ? result : finished
            throw unsafe DatabaseError.last(on: target.handle, code: code, operation: "backup")
        }
        return true
    }
}
