/// What is signed of a request.
package struct SigningRequest {
    package var method: String

    /// The path as it is sent, percent-encoded, without the query. For S3 this is also what is signed.
    package var path: String

    /// The query as it is sent, without the `?`; best made by ``CanonicalQuery/text(_:)``.
    package var query: String

    /// The fields as they are sent, `host` among them, in any order; lower-case names cost least. `x-amz-date`,
    /// `x-amz-content-sha256` and `x-amz-security-token` are the signer's to add.
    package var fields: [(name: String, value: String)]

    package init(method: String, path: String, query: String = "", fields: [(name: String, value: String)]) {
        self.method = method
        self.path = path
        self.query = query
        self.fields = fields
    }
}
