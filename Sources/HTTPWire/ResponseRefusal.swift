/// Why an answer is not one that we read. Nothing on the connection can be trusted after it.
package enum ResponseRefusal: Error, Equatable, Sendable {
    /// The first line is no status line.
    case statusLine
    /// Another major version than 1.
    case version
    /// A status outside of 100 to 599.
    case status
    /// Status 101: nobody asked for it.
    case upgrade
    case bareCR
    case controlByte
    case foldedLine
    case fieldName
    /// One head, or all heads of the answer together, are over their limit in bytes or fields.
    case headTooLarge
    case contentLength
    /// Content-Length is there more than once, with different values.
    case contentLengthsDiffer
    /// A transfer coding other than `chunked`, or more than one.
    case transferCoding
    case transferEncodingInHTTP10
    /// The declared or counted length is over its limit.
    case bodyTooLarge
    /// The chunks or the trailer section are malformed or over a limit.
    case chunks(WireFault)
    /// The stream ended before the answer did.
    case truncated

    /// What refuses a body.
    init(body refusal: WireRefusal) {
        if case .badRequest(let fault) = refusal { self = .chunks(fault) } else { self = .bodyTooLarge }
    }

    /// One line for the operator. It never repeats bytes of the answer.
    package var detail: String {
        switch self {
        case .statusLine: "the status line is not HTTP/1.x's"
        case .version: "the answer is neither HTTP/1.1 nor HTTP/1.0"
        case .status: "the status is not one of 100 to 599"
        case .upgrade: "the answer changes to a protocol that was not asked for"
        case .bareCR: "a line of the head holds a carriage return that no line feed follows"
        case .controlByte: "the head of the answer holds a control byte"
        case .foldedLine: "a field line of the answer is folded"
        case .fieldName: "a field line of the answer is not `name: value`"
        case .headTooLarge: "the head of the answer is too large or has too many fields"
        case .contentLength: "Content-Length is not a decimal number"
        case .contentLengthsDiffer: "Content-Length is there more than once, with different values"
        case .transferCoding: "Transfer-Encoding is not `chunked` alone"
        case .transferEncodingInHTTP10: "HTTP/1.0 has no Transfer-Encoding"
        case .bodyTooLarge: "the body of the answer is longer than any may be"
        case .chunks(let fault): fault.detail
        case .truncated: "the connection was closed before the answer was complete"
        }
    }
}
