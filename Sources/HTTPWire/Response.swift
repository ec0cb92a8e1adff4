/// One field of a response.
package struct ResponseField: Equatable, Sendable {
    package let name: String
    package let value: String

    package init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// A whole response. Content-Length and Connection are the writer's; every other field is listed here.
package struct Response: Equatable, Sendable {
    package var status: Int
    package var fields: [ResponseField]
    package var body: [UInt8]
    /// Whether the connection ends with this response, whatever the client asked for.
    package var closes: Bool

    package init(status: Int, fields: [ResponseField] = [], body: [UInt8] = [], closes: Bool = false) {
        self.status = status
        self.fields = fields
        self.body = body
        self.closes = closes
    }
}
