internal import Database
internal import Gateway

/// The statements of the writer, compiled once for a connection. Each names the states that it may follow, as
/// ``UploadLife`` has them, so that no order of entries can lead a row astray.
struct CatalogStatements {
    let begin: PreparedStatement
    let commit: PreparedStatement
    let rollback: PreparedStatement
    private let opening: PreparedStatement
    private let streaming: PreparedStatement
    private let completing: PreparedStatement
    private let stored: PreparedStatement
    private let aborting: PreparedStatement
    private let expiring: PreparedStatement
    private let gone: PreparedStatement
    private let withdrawn: PreparedStatement

    /// After how long an image that nobody registers is deleted; nil: never.
    private let unregisteredMilliseconds: Int64?

    init(_ connection: DatabaseConnection, unregisteredMilliseconds: Int64?) throws(DatabaseError) {
        self.unregisteredMilliseconds = unregisteredMilliseconds
        begin = try connection.prepare("BEGIN IMMEDIATE")
        commit = try connection.prepare("COMMIT")
        rollback = try connection.prepare("ROLLBACK")
        opening = try connection.prepare(
            """
            INSERT INTO uploads (key, owner, content_type, name, record_token, created_ms, instance, updated_ms, state)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, '\(UploadLife.State.opening.rawValue)')
            """)
        streaming = try connection.prepare(Self.update(to: .streaming, "upload_id = ?3"))
        completing = try connection.prepare(Self.update(to: .completing, "size = ?3, name = ifnull(?4, name)"))
        // The upload id has done its service: nobody asks for it after this, and rows stay for good.
        stored = try connection.prepare(Self.update(to: .stored, "stored_ms = ?3, upload_id = NULL, expires_ms = ?4"))
        aborting = try connection.prepare(Self.update(to: .aborting, nil))
        // Whoever lifts the expiry sets its time to NULL; registering alone may leave it.
        expiring = try connection.prepare(
            Self.update(to: .expiring, "expires_ms = 0") + " AND expires_ms IS NOT NULL AND expires_ms <= ?3")
        gone = try connection.prepare(
            "DELETE FROM uploads WHERE id = ?1 AND state IN \(CatalogSchema.list(UploadLife.State.gone.predecessors))")
        withdrawn = try connection.prepare(
            """
            DELETE FROM uploads WHERE instance = ?1 AND stored_ms IS NULL AND record_token = ?2
            AND state = '\(UploadLife.State.opening.rawValue)'
            """)
    }

    private static func update(to state: UploadLife.State, _ columns: String?) -> String {
        "UPDATE uploads SET state = '\(state.rawValue)', updated_ms = ?2" + (columns.map { ", " + $0 } ?? "")
            + " WHERE id = ?1 AND state IN \(CatalogSchema.list(state.predecessors))"
    }

    /// Performs one entry within the open transaction; the row's id, or nil where the row is not in a state for it.
    func perform(
        _ entry: JournalEntry, on connection: DatabaseConnection, instance: String, now: Int64
    ) throws(DatabaseError) -> Int64? {
        switch entry {
        case .opening(let record):
            try opening.bind(1, record.key)
            try opening.bind(2, record.owner)
            try opening.bind(3, record.contentType)
            try opening.bind(4, record.filename)
            try opening.bind(5, record.recordToken)
            try opening.bind(6, record.createdMilliseconds)
            try opening.bind(7, instance)
            try opening.bind(8, now)
            try opening.run()
            return connection.lastInsertedID
        case .uploadID(let id, let uploadID):
            try streaming.bind(3, uploadID)
            return try change(streaming, id, now, connection)
        case .completing(let id, let size, let filename):
            try completing.bind(3, size)
            try completing.bind(4, filename)
            return try change(completing, id, now, connection)
        case .stored(let id, let milliseconds):
            try stored.bind(3, milliseconds)
            if let unregisteredMilliseconds {
                try stored.bind(4, milliseconds + unregisteredMilliseconds)
            } else {
                try stored.bindNull(4)
            }
            return try change(stored, id, now, connection)
        case .aborting(let id):
            return try change(aborting, id, now, connection)
        case .expiring(let id, let milliseconds):
            try expiring.bind(3, milliseconds)
            return try change(expiring, id, now, connection)
        case .gone(let id):
            try gone.bind(1, id)
            try gone.run()
            return connection.changes == 1 ? id : nil
        }
    }

    /// Drops an opening whose sender was told that it failed.
    func withdraw(recordToken: String, instance: String) throws(DatabaseError) {
        try withdrawn.bind(1, instance)
        try withdrawn.bind(2, recordToken)
        try withdrawn.run()
    }

    private func change(
        _ statement: PreparedStatement, _ id: Int64, _ now: Int64, _ connection: DatabaseConnection
    ) throws(DatabaseError) -> Int64? {
        try statement.bind(1, id)
        try statement.bind(2, now)
        try statement.run()
        return connection.changes == 1 ? id : nil
    }
}
