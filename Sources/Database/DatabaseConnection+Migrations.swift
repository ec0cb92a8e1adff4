/// Schema versions, kept in the file's own `user_version`. Forward only.
extension DatabaseConnection {
    /// Brings the schema to `migrations.count` and returns the version that was found.
    ///
    /// `migrations[n]` leads from version n to n + 1; each step is one transaction, so a crash leaves a whole version.
    /// The log mode is switched on first. A file of a newer version is refused, and so is one that holds another
    /// program's tables (its `application_id` is not ours).
    /// https://www.sqlite.org/pragma.html#pragma_user_version and #pragma_application_id
    @discardableResult
    package func migrate(applicationID: Int32, _ migrations: [String]) throws(DatabaseError) -> Int {
        let found = try schemaVersion(applicationID: applicationID, newest: migrations.count)
        try useWriteAheadLog()
        var version = found
        while version < migrations.count {
            try execute("BEGIN IMMEDIATE")
            do {
                // Another process may have been here between the look and the lock.
                version = try schemaVersion(applicationID: applicationID, newest: migrations.count)
                if version < migrations.count {
                    try execute(migrations[version])
                    version += 1
                    try execute("PRAGMA application_id=\(applicationID); PRAGMA user_version=\(version)")
                }
                try execute("COMMIT")
            } catch {
                if isInTransaction { try? execute("ROLLBACK") }
                throw error
            }
        }
        return found
    }

    /// Only now that the file is known to be ours: the mode is kept in the file, for every program that opens it.
    private func useWriteAheadLog() throws(DatabaseError) {
        // "If the journal mode could not be changed, the original journal mode is returned."
        // https://www.sqlite.org/pragma.html#pragma_journal_mode
        let mode = try text("PRAGMA journal_mode=WAL")
        guard mode == "wal" else {
            throw DatabaseError(
                kind: .cannotOpen, code: 0, message: "no write-ahead log here (journal mode \(mode ?? "none"))",
                operation: "PRAGMA journal_mode=WAL")
        }
    }

    /// The version that the file has, 0 for an empty one. Nothing is written; what is not ours, or newer than `newest`,
    /// is a ``DatabaseError/Kind/foreignSchema``.
    package func schemaVersion(applicationID: Int32, newest: Int) throws(DatabaseError) -> Int {
        let version = Int(try integer("PRAGMA user_version") ?? 0)
        let identifier = try integer("PRAGMA application_id") ?? 0
        let tables = try integer("SELECT count(*) FROM sqlite_schema") ?? 0
        guard tables == 0 && version == 0 || identifier == Int64(applicationID) else {
            throw .foreign("the file is the database of another program")
        }
        guard (0 ... newest).contains(version) else {
            throw .foreign("the file has schema version \(version), this program knows versions up to \(newest)")
        }
        return version
    }
}
