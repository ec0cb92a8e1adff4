internal import Database
internal import Gateway

/// What registration reads and writes, on the writer's connection.
struct ImageStatements {
    private let byID: PreparedStatement
    private let byKey: PreparedStatement
    private let registering: PreparedStatement

    init(_ connection: DatabaseConnection) throws(DatabaseError) {
        byID = try connection.prepare(ImageRow.select + " WHERE id = ?1")
        byKey = try connection.prepare(ImageRow.select + " WHERE created_ms = ?1 AND key = ?2")
        registering = try connection.prepare(
            """
            UPDATE uploads SET owner = ?2, registered_ms = ?3, registered_by = ?4, expires_ms = ?5, updated_ms = ?3
            WHERE id = ?1
            """)
    }

    func image(_ id: Int64) throws(DatabaseError) -> ImageRecord? {
        try byID.bind(1, id)
        return try ImageRow.read(byID)
    }

    private func image(_ key: ObjectKey) throws(DatabaseError) -> ImageRecord? {
        try byKey.bind(1, key.milliseconds)
        try byKey.bind(2, key.text)
        return try ImageRow.read(byKey)
    }

    /// Compares and sets within the transaction of the writer, which no other writer of this or another process shares.
    func register(_ registration: ImageRegistration, now: Int64) throws(DatabaseError) -> JournalResult {
        let found =
            switch registration.image {
            case .id(let id): try image(id)
            case .key(let key): try image(key)
            }
        guard let record = found else { return .failed(.noSuchImage) }
        switch registration.verdict(on: record) {
        case .noSuchImage: return .failed(.noSuchImage)
        case .unsettled: return .failed(.unsettled)
        case .alreadyRegistered: return .failed(.alreadyRegistered(imageID: record.imageID))
        case .registers(let liftsExpiry):
            let written = registration.applied(to: record, liftsExpiry: liftsExpiry, at: now)
            try registering.bind(1, written.imageID)
            try registering.bind(2, written.owner)
            try registering.bind(3, now)
            try registering.bind(4, written.registrant)
            if let expires = written.expires { try registering.bind(5, expires) } else { try registering.bindNull(5) }
            try registering.run()
            return .registered(written)
        }
    }
}
