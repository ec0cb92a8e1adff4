/// A whole answer.
package struct HTTPResponse: Sendable {
    /// The final status, 200 to 599; interim answers (1xx) are not shown.
    package let status: Int
    package let fields: HTTPResponseFields
    package let body: [UInt8]

    package init(status: Int, fields: HTTPResponseFields = HTTPResponseFields(), body: [UInt8] = []) {
        self.status = status
        self.fields = fields
        self.body = body
    }
}
