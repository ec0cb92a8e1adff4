internal import Bytes

/// The field lines of an answer's head as they come, and what they say about framing and the connection.
struct ResponseSection: Sendable {
    let line: StatusLine
    /// Whether Content-Length and Transfer-Encoding mean anything.
    private let hasBody: Bool
    private let bodyBytesMax: UInt64
    private var fields: [FieldSlice] = []
    private var fieldsSeen = 0
    private var contentLength: UInt64?
    private var isChunked = false
    /// There is no body, and a field says that there is one. With 204 that is a fault (RFC 9110 § 8.6).
    private var announcesBody = false
    private var asksToClose = false
    private var asksToKeep = false

    init(after line: StatusLine, expectsBody: Bool, bodyBytesMax: UInt64) {
        self.line = line
        self.bodyBytesMax = bodyBytesMax
        hasBody = expectsBody && !line.rulesOutBody
        if !line.isInterim { fields.reserveCapacity(16) }
    }

    /// Checks one line and notes it; that of an interim head is dropped.
    mutating func take(_ line: Range<Int>, of head: Span<UInt8>, fieldsMax: Int) throws(ResponseRefusal) {
        // RFC 9112 § 5.2 lets a user agent replace the fold; readers differ, so refuse.
        guard !head[line.lowerBound].isOptionalWhitespace else { throw .foldedLine }
        guard fieldsSeen < fieldsMax else { throw .headTooLarge }
        fieldsSeen += 1
        guard let field = FieldSlice(line, of: head) else { throw .fieldName }
        guard !self.line.isInterim else { return }
        fields.append(field)
        let value = field.value.bytes(in: head)
        switch field.known {
        case .contentLength where !hasBody: announcesBody = announcesBody || !value.equalsIgnoringCase("0")
        case .transferEncoding where !hasBody: announcesBody = true
        case .contentLength: try noteLengths(value)
        case .transferEncoding: try noteCoding(value)
        case .connection:
            asksToClose = asksToClose || ListValue.contains("close", in: value)
            asksToKeep = asksToKeep || ListValue.contains("keep-alive", in: value)
        default: break
        }
    }

    /// The same length may be said more than once (RFC 9110 § 8.6).
    private mutating func noteLengths(_ value: Span<UInt8>) throws(ResponseRefusal) {
        var elements = ListElements()
        while let range = elements.next(in: value) {
            guard let length = DeclaredLength.parse(value.extracting(range)) else { throw .contentLength }
            guard contentLength == nil || contentLength == length else { throw .contentLengthsDiffer }
            contentLength = length
        }
        if let contentLength, contentLength > bodyBytesMax { throw .bodyTooLarge }
    }

    private mutating func noteCoding(_ value: Span<UInt8>) throws(ResponseRefusal) {
        guard line.minorVersion == 1 else { throw .transferEncodingInHTTP10 }
        guard !isChunked, value.equalsIgnoringCase("chunked") else { throw .transferCoding }
        isChunked = true
    }

    /// RFC 9112 § 6.3, in its order.
    private var framing: ResponseFraming {
        guard hasBody else { return .none }
        if isChunked { return .chunked }
        return contentLength.map { .length($0) } ?? .untilClose
    }

    /// The whole head, once its empty line was read.
    func head(headBytes: Int) -> ResponseHead {
        let framing = framing
        // Both at once may be an attempt to smuggle; where the next answer begins is not certain (RFC 9112 § 6.3).
        let isContradictory = isChunked && contentLength != nil || line.status == 204 && announcesBody
        let isCertain = framing != .untilClose && !isContradictory
        return ResponseHead(
            status: line.status, minorVersion: line.minorVersion, fields: fields, framing: framing,
            keepsAlive: isCertain && !asksToClose && (line.minorVersion == 1 || asksToKeep), headBytes: headBytes)
    }
}
