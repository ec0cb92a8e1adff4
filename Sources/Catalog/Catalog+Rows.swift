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

extension Catalog {
    /// Reads one row on a connection of its own, which is slow: for tests and tools, not for requests.
    package func row(_ imageID: Int64) throws(CatalogError) -> CatalogRow? {
        do {
            let connection = try DatabaseConnection(path: path, access: .readingOnly)
            let select = try connection.prepare(
                """
                SELECT key, owner, content_type, name, size, state, upload_id, record_token, instance, created_ms,
                updated_ms, stored_ms, registered_ms, registered_by, expires_ms FROM uploads WHERE id = ?1
                """)
            try select.bind(1, imageID)
            guard try select.step(), let state = select.text(5).flatMap(UploadLife.State.init) else { return nil }
            return CatalogRow(
                imageID: imageID, key: select.text(0) ?? "", owner: select.text(1) ?? "",
                contentType: select.text(2) ?? "", filename: select.text(3), size: select.optionalInteger(4),
                state: state, uploadID: select.text(6), recordToken: select.text(7) ?? "",
                instance: select.text(8) ?? "", created: select.integer(9), updated: select.integer(10),
                stored: select.optionalInteger(11), registered: select.optionalInteger(12),
                registrant: select.text(13), expires: select.optionalInteger(14))
        } catch {
            throw CatalogError(
                path: path, reason: error.description, remedy: error.rule(path: path, directory: path).remedy)
        }
    }
}
