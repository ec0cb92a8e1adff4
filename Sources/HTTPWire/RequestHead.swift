/// How the end of a body is found (RFC 9112 § 6.3).
package enum BodyFraming: Equatable, Sendable {
    /// Neither Content-Length nor Transfer-Encoding: no body.
    case none
    /// Content-Length, also when it is 0.
    case length(UInt64)
    case chunked

    /// The declared length: 0 without a body, nil when it is not known before the end.
    package var declaredBytes: UInt64? {
        switch self {
        case .none: 0
        case .length(let bytes): bytes
        case .chunked: nil
        }
    }
}

/// A complete, valid request head: facts, and slices into the bytes it was parsed from.
package struct RequestHead: Equatable, Sendable {
    package let method: RequestMethod
    package let methodName: ByteSlice
    /// The target as sent.
    package let target: ByteSlice
    /// The path of origin-form and absolute-form (`/` where the latter has none), `*` of `OPTIONS *`, empty for
    /// CONNECT. Its percent-encodings are well-formed and still encoded.
    package let path: ByteSlice
    /// What follows the first `?`; nil without one.
    package let query: ByteSlice?
    /// 1 or 0, of HTTP/1.1 and HTTP/1.0.
    package let minorVersion: UInt8
    package let fields: [FieldSlice]
    package let framing: BodyFraming
    /// Whether the client wants the connection to stay open (RFC 9112 § 9.3).
    package let keepsAlive: Bool
    /// Whether the client waits for `100 Continue` before it sends its body (RFC 9110 § 10.1.1). False without a body
    /// and for HTTP/1.0.
    package let expectsContinue: Bool
    /// How many bytes the head took, with empty lines before it and the empty line after it.
    package let headBytes: Int

    /// The value of the first field of that name in `head`, the bytes that were parsed; nil when there is none.
    @_lifetime(copy head)
    package func value(of field: KnownField, in head: Span<UInt8>) -> Span<UInt8>? {
        for slice in fields where slice.known == field { return slice.value.bytes(in: head) }
        return nil
    }

    /// How many fields of that name there are.
    package func count(of field: KnownField) -> Int {
        var count = 0
        for slice in fields where slice.known == field { count += 1 }
        return count
    }

    /// Calls `body` with the value of each field of that name, in order.
    package func forEachValue(of field: KnownField, in head: Span<UInt8>, _ body: (Span<UInt8>) -> Void) {
        for slice in fields where slice.known == field { body(slice.value.bytes(in: head)) }
    }
}
