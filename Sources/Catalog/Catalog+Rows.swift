internal import Database
package import Gateway

/// One upload as the record has it.
package struct CatalogRow: Equatable, Sendable {
    package let imageID: Int64
    package let key: String
    package let owner: String
    package let contentType: String
    package let filename: String?
    package let size: Int64?
    package let state: UploadLife.State
    package let uploadID: String?
    package let recordToken: String
    package let instance: String
    /// Milliseconds since 1970, as all times here.
    package let created: Int64
    package let updated: Int64
    package let stored: Int64?
    package let registered: Int64?
    package let registrant: String?
    package let expires: Int64?
}

extension CatalogRow {
    static let columns =
        """
        id, key, owner, content_type, name, size, state, upload_id, record_token, instance, created_ms, updated_ms, \
        stored_ms, registered_ms, registered_by, expires_ms
        """

    /// The row that a statement over ``columns`` stands at; nil for a state that this program does not know.
    init?(_ select: PreparedStatement) {
        guard let state = select.text(6).flatMap(UploadLife.State.init) else { return nil }
        imageID = select.integer(0)
        key = select.text(1) ?? ""
        owner = select.text(2) ?? ""
        contentType = select.text(3) ?? ""
        filename = select.text(4)
        size = select.optionalInteger(5)
        self.state = state
        uploadID = select.text(7)
        recordToken = select.text(8) ?? ""
        instance = select.text(9) ?? ""
        created = select.integer(10)
        updated = select.integer(11)
        stored = select.optionalInteger(12)
        registered = select.optionalInteger(13)
        registrant = select.text(14)
        expires = select.optionalInteger(15)
    }

    /// All rows that a statement over ``columns`` still has.
    static func all(_ select: PreparedStatement) throws(DatabaseError) -> [CatalogRow] {
        var found: [CatalogRow] = []
        while try select.step() { if let row = CatalogRow(select) { found.append(row) } }
        return found
    }
}

extension Catalog {
    /// Reads one row on a connection of its own, which is slow: for tests and tools, not for requests.
    package func row(_ imageID: Int64) throws(CatalogError) -> CatalogRow? {
        try CatalogReader(path: path).row(imageID)
    }
}
