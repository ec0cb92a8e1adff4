/// How the end of an answer's body is known (RFC 9112 § 6.3).
package enum ResponseFraming: Equatable, Sendable {
    /// The answer has no body, whatever its fields say.
    case none
    /// Content-Length, also when it is 0.
    case length(UInt64)
    case chunked
    /// The body ends where the stream does.
    case untilClose
}

/// The complete, valid head of a final answer: facts, and slices into the bytes it was parsed from.
package struct ResponseHead: Equatable, Sendable {
    /// 200 to 599.
    package let status: Int
    /// 1 or 0, of HTTP/1.1 and HTTP/1.0; a later minor version counts as 1.
    package let minorVersion: Int
    package let fields: [FieldSlice]
    package let framing: ResponseFraming
    /// Whether the connection may carry another request after this answer (RFC 9112 § 9.3).
    package let keepsAlive: Bool
    /// How many bytes the head took, with the empty line after it.
    package let headBytes: Int
}
