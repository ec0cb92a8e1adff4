internal import Database
internal import Gateway

/// A row of the table as an ``ImageRecord``.
enum ImageRow {
    static let select = """
        SELECT id, key, owner, content_type, name, size, state, stored_ms, created_ms, registered_ms, registered_by,
        expires_ms FROM uploads
        """

    /// The one row of a bound statement; nil: there is none, or its state is a word of another program. The statement
    /// is reset, so that no read transaction stays open.
    static func read(_ statement: PreparedStatement) throws(DatabaseError) -> ImageRecord? {
        guard try statement.step() else {
            statement.reset()
            return nil
        }
        defer { statement.reset() }
        guard let state = statement.text(6).flatMap(UploadLife.State.init) else { return nil }
        return ImageRecord(
            imageID: statement.integer(0), key: statement.text(1) ?? "", owner: statement.text(2) ?? "",
            contentType: statement.text(3) ?? "", filename: statement.text(4), fileBytes: statement.integer(5),
            state: state, uploaded: statement.optionalInteger(7) ?? statement.integer(8),
            registered: statement.optionalInteger(9), registrant: statement.text(10),
            expires: statement.optionalInteger(11))
    }
}
