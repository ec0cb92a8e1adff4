internal import Database
internal import Gateway

/// The statements of the writer, compiled once for a connection. Each names the states that it may follow, as
/// ``UploadLife`` has them, so that no order of entries can lead a row astray.
struct CatalogStatements {
    let begin: PreparedStatement
    let commit: PreparedStatement
    let rollback: PreparedStatement
    let openings: OpeningStatements
    let ends: StoredStatements
    private let streaming: PreparedStatement
    private let completing: PreparedStatement
    private let stored: PreparedStatement
    private let aborting: PreparedStatement
    private let expiring: PreparedStatement
    private let gone: PreparedStatement
    private let withdrawn: PreparedStatement
    private let images: ImageStatements
    let keys: IdempotencyStatements

    /// After how long an image that nobody registers is deleted; nil: never.
    private let unregisteredMilliseconds: Int64?

    init(
        _ connection: DatabaseConnection, unregisteredMilliseconds: Int64?, idempotency: IdempotencyLimits
    ) throws(DatabaseError) {
        self.unregisteredMilliseconds = unregisteredMilliseconds
        begin = try connection.prepare("BEGIN IMMEDIATE")
        commit = try connection.prepare("COMMIT")
        rollback = try connection.prepare("ROLLBACK")
        openings = try OpeningStatements(connection)
        ends = try StoredStatements(connection, unregisteredMilliseconds: unregisteredMilliseconds)
        streaming = try connection.prepare(Self.update(to: .streaming, "upload_id = ?3"))
        completing = try connection.prepare(
            Self.update(
                to: .completing, "size = ?3, name = ifnull(?4, name), upload_id = ifnull(?5, upload_id)"))
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
            AND state IN \(CatalogSchema.list(UploadLife.beginnings)) RETURNING id
            """)
        images = try ImageStatements(connection)
        keys = try IdempotencyStatements(connection, limits: idempotency)
    }

    private static func update(to state: UploadLife.State, _ columns: String?) -> String {
        "UPDATE uploads SET state = '\(state.rawValue)', updated_ms = ?2" + (columns.map { ", " + $0 } ?? "")
            + " WHERE id = ?1 AND state IN \(CatalogSchema.list(state.predecessors))"
    }

    /// Performs one entry within the open transaction.
    func perform(
        _ entry: JournalEntry, on connection: DatabaseConnection, instance: String, now: Int64
    ) throws(DatabaseError) -> JournalResult {
        if case .opening(let record) = entry, let key = record.idempotencyKey,
            let known = try keys.known(
                owner: record.owner, key: key, now: now, { (id) throws(DatabaseError) in try images.image(id) })
        {
            return .known(known)
        }
        if case .registration(let registration) = entry { return try images.register(registration, now: now) }
        if case .look(let id) = entry { return .image(try images.image(id)) }
        let id = try write(entry, on: connection, instance: instance, now: now)
        return id.map { .committed(imageID: $0) } ?? .failed(.conflict)
    }

    /// The row's id, or nil where the row is not in a state for the write.
    private func write(
        _ entry: JournalEntry, on connection: DatabaseConnection, instance: String, now: Int64
    ) throws(DatabaseError) -> Int64? {
        switch entry {
        case .registration, .look: return nil
        case .opening(let record):
            let id = try openings.insert([record], on: connection, instance: instance, now: now)
            if let key = record.idempotencyKey {
                try keys.take(key, owner: record.owner, imageID: id, now: now, on: connection)
            }
            return id
        case .uploadID(let id, let uploadID):
            try streaming.bind(3, uploadID)
            return try change(streaming, id, now, connection)
        case .completing(let id, let size, let filename, let sha256, let uploadID):
            try completing.bind(3, size)
            try completing.bind(4, filename)
            try completing.bind(5, uploadID)
            let changed = try change(completing, id, now, connection)
            if changed != nil, let sha256 { try keys.complete(id, sha256: sha256) }
            return changed
        case .stored(let id, let milliseconds):
            try stored.bind(3, milliseconds)
            if let unregisteredMilliseconds {
                try stored.bind(4, milliseconds + unregisteredMilliseconds)
            } else {
                try stored.bindNull(4)
            }
            return try change(stored, id, now, connection)
        case .aborting(let id):
            return try freeing(try change(aborting, id, now, connection))
        case .expiring(let id, let milliseconds):
            try expiring.bind(3, milliseconds)
            return try freeing(try change(expiring, id, now, connection))
        case .gone(let id):
            try gone.bind(1, id)
            try gone.run()
            return try freeing(connection.changes == 1 ? id : nil)
        }
    }

    /// From here on the upload is no image, and its key may be sent again. It is sent again by clients who were told of
    /// a failure, so it does not wait until the store has nothing left of the upload.
    private func freeing(_ id: Int64?) throws(DatabaseError) -> Int64? {
        if let id { try keys.free(id) }
        return id
    }

    /// Drops an opening whose sender was told that it failed, with whichever state it began.
    func withdraw(recordToken: String, instance: String) throws(DatabaseError) {
        try withdrawn.bind(1, instance)
        try withdrawn.bind(2, recordToken)
        var ids: [Int64] = []
        while try withdrawn.step() { ids.append(withdrawn.integer(0)) }
        withdrawn.reset()
        for id in ids { try keys.free(id) }
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
