internal import Database
internal import Gateway
internal import Linux

/// Looks into the record for recovery, on a connection of its own for each look. It waits for the disk, so it is for
/// a thread that may. Nothing is written.
package struct CatalogReader: Sendable {
    /// Of the file itself, whatever links lead to it: what the living hold is beside it.
    package let path: String

    package init(path: String) { self.path = Files.resolved(path) }

    /// The processes that left unfinished rows, the living included; at most `limit`.
    package func instances(limit: Int) throws(CatalogError) -> [String] {
        try read { (connection) throws(DatabaseError) in
            let select = try connection.prepare(
                "SELECT DISTINCT instance FROM uploads WHERE stored_ms IS NULL ORDER BY instance LIMIT ?1")
            try select.bind(1, Int64(limit))
            var found: [String] = []
            while try select.step() { if let instance = select.text(0) { found.append(instance) } }
            return found
        }
    }

    /// Unfinished rows of one process, by their ids from behind `id` on; at most `limit`.
    package func unfinished(
        of instance: String, after id: Int64, limit: Int
    ) throws(CatalogError) -> [CatalogRow] {
        try read { (connection) throws(DatabaseError) in
            let select = try connection.prepare(
                """
                SELECT \(CatalogRow.columns) FROM uploads
                WHERE stored_ms IS NULL AND instance = ?1 AND id > ?2 ORDER BY id LIMIT ?3
                """)
            try select.bind(1, instance)
            try select.bind(2, id)
            try select.bind(3, Int64(limit))
            return try CatalogRow.all(select)
        }
    }

    /// The rows of these ids that are there and not finished.
    package func unfinished(ids: [Int64]) throws(CatalogError) -> [CatalogRow] {
        try read { (connection) throws(DatabaseError) in
            let select = try connection.prepare(
                "SELECT \(CatalogRow.columns) FROM uploads WHERE id = ?1 AND stored_ms IS NULL")
            var found: [CatalogRow] = []
            for id in ids {
                try select.bind(1, id)
                found += try CatalogRow.all(select)
                select.reset()
            }
            return found
        }
    }

    /// One row, in whatever state.
    package func row(_ imageID: Int64) throws(CatalogError) -> CatalogRow? {
        try read { (connection) throws(DatabaseError) in
            let select = try connection.prepare("SELECT \(CatalogRow.columns) FROM uploads WHERE id = ?1")
            try select.bind(1, imageID)
            return try CatalogRow.all(select).first
        }
    }

    /// Images whose time has come by `milliseconds` after 1970, and at any time those whose deletion was begun; the
    /// earliest first, at most `limit`.
    package func due(at milliseconds: Int64, limit: Int) throws(CatalogError) -> [CatalogRow] {
        try read { (connection) throws(DatabaseError) in
            let select = try connection.prepare(
                """
                SELECT \(CatalogRow.columns) FROM uploads
                WHERE expires_ms IS NOT NULL AND expires_ms <= ?1 ORDER BY expires_ms LIMIT ?2
                """)
            try select.bind(1, milliseconds)
            try select.bind(2, Int64(limit))
            return try CatalogRow.all(select)
        }
    }

    /// Which of these are keys or record tokens of unfinished rows, of whichever process.
    package func unfinishedNames(among names: Set<String>) throws(CatalogError) -> Set<String> {
        try read { (connection) throws(DatabaseError) in
            let select = try connection.prepare("SELECT key, record_token FROM uploads WHERE stored_ms IS NULL")
            var found: Set<String> = []
            while try select.step() {
                for column: Int32 in 0 ... 1 {
                    if let name = select.text(column), names.contains(name) { found.insert(name) }
                }
            }
            return found
        }
    }

    private func read<Value>(
        _ body: (DatabaseConnection) throws(DatabaseError) -> Value
    ) throws(CatalogError) -> Value {
        do {
            let connection = try DatabaseConnection(path: path, access: .readingOnly)
            defer { connection.close() }
            return try body(connection)
        } catch {
            let directory = Files.parent(of: path) ?? "."
            throw CatalogError(
                path: path, reason: error.description, remedy: error.rule(path: path, directory: directory).remedy)
        }
    }
}
