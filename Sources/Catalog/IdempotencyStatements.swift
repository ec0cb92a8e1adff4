internal import Database
internal import Gateway

/// How long keys are known, and how many.
package struct IdempotencyLimits: Sendable {
    /// After so many milliseconds a key counts as unknown.
    package var keyMilliseconds: Int64 = 86_400_000
    /// More than so many are never known: the oldest go first. Whoever sends a request again does so within minutes,
    /// so those are the ones that are least likely to be asked for, while a refusal would let one client's keys lock
    /// all others out.
    package var keysMax: Int64 = 1_000_000
    /// Old keys that one new key takes away, so that the table never grows by what is no longer known.
    var removedByEachMax: Int64 = 2
    /// Old keys that the writer takes away at once when it looks after them, within some milliseconds.
    package var removedAtOnceMax: Int64 = 1_000
    /// How often it does.
    package var tidyMilliseconds: Int64 = 60_000

    package init() {}
}

/// What the table of keys is asked and told, on the writer's connection. All of it happens within the transaction of
/// the upload's own write.
struct IdempotencyStatements {
    private let find: PreparedStatement
    private let insert: PreparedStatement
    private let complete: PreparedStatement
    private let remove: PreparedStatement
    private let removeOld: PreparedStatement
    private let newest: PreparedStatement
    private let limits: IdempotencyLimits

    init(_ connection: DatabaseConnection, limits: IdempotencyLimits) throws(DatabaseError) {
        self.limits = limits
        find = try connection.prepare(
            "SELECT image_id, created_ms, sha256 FROM idempotency WHERE owner = ?1 AND key = ?2")
        insert = try connection.prepare(
            "INSERT INTO idempotency (image_id, owner, key, created_ms) VALUES (?1, ?2, ?3, ?4)")
        complete = try connection.prepare("UPDATE idempotency SET sha256 = ?2 WHERE image_id = ?1")
        remove = try connection.prepare("DELETE FROM idempotency WHERE image_id = ?1")
        removeOld = try connection.prepare(
            """
            DELETE FROM idempotency WHERE number IN (SELECT number FROM idempotency ORDER BY number LIMIT ?1)
            AND (created_ms <= ?2 OR number <= ?3)
            """)
        newest = try connection.prepare("SELECT max(number) FROM idempotency")
    }

    /// The upload that the key stands for; nil: none that is known still, and the key is free to be taken.
    func known(
        owner: String, key: String, now: Int64, _ image: (Int64) throws(DatabaseError) -> ImageRecord?
    ) throws(DatabaseError) -> KnownUpload? {
        try find.bind(1, owner)
        try find.bind(2, key)
        guard try find.step() else {
            find.reset()
            return nil
        }
        let id = find.integer(0)
        let isOld = find.integer(1) <= now - limits.keyMilliseconds
        let sha256 = find.isNull(2) ? nil : find.bytes(2)
        find.reset()
        if !isOld, let record = try image(id), Self.holdsKey(record.state) {
            return KnownUpload(image: record, sha256: sha256)
        }
        try free(id)
        return nil
    }

    /// Whether an upload in this state is, or may yet be, what its key stands for.
    private static func holdsKey(_ state: UploadLife.State) -> Bool {
        switch state {
        case .opening, .streaming, .completing, .stored: true
        case .expiring, .aborting, .gone: false
        }
    }

    /// Gives a free key to an upload.
    func take(
        _ key: String, owner: String, imageID: Int64, now: Int64, on connection: DatabaseConnection
    ) throws(DatabaseError) {
        try insert.bind(1, imageID)
        try insert.bind(2, owner)
        try insert.bind(3, key)
        try insert.bind(4, now)
        try insert.run()
        try removeOld(limits.removedByEachMax, newest: connection.lastInsertedID, now: now)
    }

    /// The bytes of the upload are known.
    func complete(_ imageID: Int64, sha256: [UInt8]) throws(DatabaseError) {
        try complete.bind(1, imageID)
        try complete.bind(2, bytes: sha256.span)
        try complete.run()
    }

    /// The upload will not be an image, or is one no more: its key, if it had one, may be sent again.
    func free(_ imageID: Int64) throws(DatabaseError) {
        try remove.bind(1, imageID)
        try remove.run()
    }

    /// Takes away keys that are known no more, in one step of several.
    ///
    /// - Returns: whether there may be more of them.
    func tidy(now: Int64, on connection: DatabaseConnection) throws(DatabaseError) -> Bool {
        let number = try newest.step() ? newest.integer(0) : 0
        newest.reset()
        try removeOld(limits.removedAtOnceMax, newest: number, now: now)
        return connection.changes == limits.removedAtOnceMax
    }

    /// Takes away what is known no more of the `limit` oldest keys.
    private func removeOld(_ limit: Int64, newest: Int64, now: Int64) throws(DatabaseError) {
        try removeOld.bind(1, limit)
        try removeOld.bind(2, now - limits.keyMilliseconds)
        try removeOld.bind(3, newest - limits.keysMax)
        try removeOld.run()
    }
}
