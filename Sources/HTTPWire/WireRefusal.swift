/// Why a request is not one that this server reads. After a refusal nothing on the connection can be trusted:
/// it is answered and closed.
package enum WireRefusal: Error, Equatable, Sendable {
    /// Malformed, or well-formed in a way that two readers may read differently.
    case badRequest(WireFault)
    /// The request line is over its limit.
    case uriTooLong
    /// The head is over its limit in bytes or fields.
    case headersTooLarge
    /// The declared or counted length is over what the wire takes.
    case bodyTooLarge
    /// The method is longer than any that exists (RFC 9110 § 9.1).
    case methodNotImplemented
    /// A transfer coding other than `chunked` (RFC 9112 § 6.1).
    case codingNotImplemented
    /// Neither HTTP/1.1 nor HTTP/1.0.
    case versionNotSupported

    /// The status code that fits.
    package var status: Int {
        switch self {
        case .badRequest: 400
        case .uriTooLong: 414
        case .headersTooLarge: 431
        case .bodyTooLarge: 413
        case .methodNotImplemented, .codingNotImplemented: 501
        case .versionNotSupported: 505
        }
    }

    /// One line for the client and the log. It never repeats bytes of the request.
    package var detail: String {
        switch self {
        case .badRequest(let fault): fault.detail
        case .uriTooLong: "the request line is too long"
        case .headersTooLarge: "the header fields are too large or too many"
        case .bodyTooLarge: "the body is longer than any upload may be"
        case .methodNotImplemented: "the method is not known"
        case .codingNotImplemented: "only the transfer coding `chunked` is understood"
        case .versionNotSupported: "only HTTP/1.1 and HTTP/1.0 are spoken here"
        }
    }
}

/// What is malformed, for the log and for tests.
package enum WireFault: String, Equatable, Sendable, CaseIterable {
    case bareCR, bareLF, controlByte
    case emptyLines, method, target, version
    case fieldName, foldedLine
    case hostMissing, hostRepeated, hostInvalid, hostDiffersFromTarget
    case contentLength, contentLengthRepeated
    case transferEncodingRepeated, transferEncodingWithLength, transferEncodingInHTTP10
    case chunkSize, chunkExtension, chunkEnd
    case trailer, trailerNotAllowed, trailersTooLarge
    /// No fault of the bytes, but of where they came: the listener speaks TLS.
    case plainHTTP

    package var detail: String {
        switch self {
        case .bareCR: "a line holds a carriage return that no line feed follows"
        case .bareLF: "a line ends with a line feed alone; lines end with CRLF"
        case .controlByte: "the request head holds a control byte"
        case .emptyLines: "too many empty lines before the request line"
        case .method: "the request line does not begin with a method and one space"
        case .target: "the request target is not a valid one"
        case .version: "the request line does not end with an HTTP version"
        case .fieldName: "a header line is not `name: value`"
        case .foldedLine: "a header line is folded; write it on one line"
        case .hostMissing: "the Host header is missing"
        case .hostRepeated: "the Host header is there more than once"
        case .hostInvalid: "the Host header is not a host with an optional port"
        case .hostDiffersFromTarget: "the Host header and the request target name different hosts"
        case .contentLength: "Content-Length is not a decimal number"
        case .contentLengthRepeated: "Content-Length is there more than once"
        case .transferEncodingRepeated: "Transfer-Encoding is there more than once"
        case .transferEncodingWithLength: "Content-Length and Transfer-Encoding exclude each other"
        case .transferEncodingInHTTP10: "HTTP/1.0 has no Transfer-Encoding"
        case .chunkSize: "a chunk size is not a hexadecimal number"
        case .chunkExtension: "a chunk extension is malformed or too long"
        case .chunkEnd: "a chunk is not followed by CRLF"
        case .trailer: "a trailer line is not `name: value`"
        case .trailerNotAllowed: "a trailer names a field that may not come after the body"
        case .trailersTooLarge: "the trailer section is too large"
        case .plainHTTP: "this port speaks TLS: use https"
        }
    }
}
