package import Bytes

/// One request in the access log. It never holds a token, a query or a body.
package struct AccessRecord {
    /// When the request was answered, milliseconds since 1970.
    package var wallMilliseconds: Int64
    package var requestID: String
    /// nil: through a Unix socket.
    package var remote: IPAddress?
    package var method: String
    /// The target's path as it came; a query that is still on it is cut off.
    package var path: [UInt8]
    /// 0: the client was gone before there was an answer.
    package var status: Int
    /// The name in the error response's body, or what ended the request.
    package var error: String?
    /// The token's subject, where the token was right.
    package var subject: String?
    package var imageID: Int64?
    /// Body bytes received.
    package var bytesIn: UInt64
    /// Response bytes sent, head and body.
    package var bytesOut: UInt64
    /// From the request's first byte to the end of the response.
    package var totalMicroseconds: Int64
    /// From the request's first byte to the first of the response.
    package var firstByteMicroseconds: Int64?
    /// From the first request to the store to its last answer.
    package var storeMicroseconds: Int64?

    package init(
        wallMilliseconds: Int64, requestID: String, remote: IPAddress?, method: String, path: [UInt8], status: Int,
        error: String? = nil, subject: String? = nil, imageID: Int64? = nil, bytesIn: UInt64 = 0, bytesOut: UInt64 = 0,
        totalMicroseconds: Int64, firstByteMicroseconds: Int64? = nil, storeMicroseconds: Int64? = nil
    ) {
        self.wallMilliseconds = wallMilliseconds
        self.requestID = requestID
        self.remote = remote
        self.method = method
        self.path = path
        self.status = status
        self.error = error
        self.subject = subject
        self.imageID = imageID
        self.bytesIn = bytesIn
        self.bytesOut = bytesOut
        self.totalMicroseconds = totalMicroseconds
        self.firstByteMicroseconds = firstByteMicroseconds
        self.storeMicroseconds = storeMicroseconds
    }
}
