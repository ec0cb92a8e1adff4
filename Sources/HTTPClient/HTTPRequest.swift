internal import Bytes

/// One outgoing request.
package struct HTTPRequest {
    package var method: HTTPMethod
    /// An absolute `http` or `https` URL, percent-encoded. Its target goes on the wire byte for byte (no dot-segment
    /// is removed), so that it is what was signed. `Host` is made from it, without the scheme's own port.
    package var url: String
    /// What stands in the request line in place of the URL's path and query: one URL is taken apart once for many
    /// requests.
    package var target: String?
    package var fields: HTTPFieldLines
    package var body: HTTPRequestBody
    /// Time from the start to a connection that can be used, name lookup and TLS handshake included.
    package var connectMilliseconds: Int
    /// Time from the start to the last byte of the answer; nil: none, for a body that waits for its source.
    package var totalMilliseconds: Int?
    /// More bytes than this in the answer's body end the transfer as ``HTTPFailure/Kind/responseTooLarge``.
    package var responseBytesMax: Int

    package init(
        _ method: HTTPMethod, _ url: String, target: String? = nil, fields: HTTPFieldLines = HTTPFieldLines(),
        body: HTTPRequestBody = .none, connectMilliseconds: Int = 5_000, totalMilliseconds: Int? = 30_000,
        responseBytesMax: Int = 65_536
    ) {
        self.method = method
        self.url = url
        self.target = target
        self.fields = fields
        self.body = body
        self.connectMilliseconds = connectMilliseconds
        self.totalMilliseconds = totalMilliseconds
        self.responseBytesMax = responseBytesMax
    }

    /// Whether nothing in fields and target could end the request line or the head. Of the URL that is known once it is
    /// taken apart.
    var isWellFormed: Bool {
        guard fields.isWellFormed else { return false }
        guard let target else { return true }
        let bytes = target.utf8Span.span
        guard bytes.hasPrefix([0x2F].span) else { return false }
        for index in bytes.indices where bytes[index] <= 0x20 || bytes[index] >= 0x7F { return false }
        return true
    }
}
