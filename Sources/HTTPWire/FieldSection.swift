internal import Bytes

/// The field lines of a head as they come, and what they say about framing and the connection.
struct FieldSection: Sendable {
    private var fields: [FieldSlice] = []
    private var host: ByteSlice?
    private var contentLength: UInt64?
    private var transferEncoding: ByteSlice?
    private var asksToClose = false
    private var asksToKeep = false
    private var expectsContinue = false

    /// Checks one line and notes it.
    mutating func take(_ line: Range<Int>, of head: Span<UInt8>, fieldsMax: Int) throws(WireRefusal) {
        // RFC 9112 § 5.2: a server either refuses a folded line or replaces the fold; readers differ, so refuse.
        guard !head[line.lowerBound].isOptionalWhitespace else { throw .badRequest(.foldedLine) }
        guard fields.count < fieldsMax else { throw .headersTooLarge }
        guard let field = FieldSlice(line, of: head) else { throw .badRequest(.fieldName) }
        if fields.isEmpty { fields.reserveCapacity(12) }
        fields.append(field)
        try note(field, field.value.bytes(in: head))
    }

    private mutating func note(_ field: FieldSlice, _ value: Span<UInt8>) throws(WireRefusal) {
        switch field.known {
        case .host:
            guard host == nil else { throw .badRequest(.hostRepeated) }
            guard Authority(value) != nil else { throw .badRequest(.hostInvalid) }
            host = field.value
        case .contentLength:
            guard contentLength == nil else { throw .badRequest(.contentLengthRepeated) }
            guard let length = DeclaredLength.parse(value) else { throw .badRequest(.contentLength) }
            contentLength = length
        case .transferEncoding:
            guard transferEncoding == nil else { throw .badRequest(.transferEncodingRepeated) }
            transferEncoding = field.value
        case .connection:
            asksToClose = asksToClose || ListValue.contains("close", in: value)
            asksToKeep = asksToKeep || ListValue.contains("keep-alive", in: value)
        case .expect:
            expectsContinue = expectsContinue || ListValue.contains("100-continue", in: value)
        default:
            break
        }
    }

    /// The value of a field that was there once so far.
    func onlyValue(of field: KnownField, in head: Span<UInt8>) -> [UInt8]? {
        var value: ByteSlice?
        for slice in fields where slice.known == field {
            guard value == nil else { return nil }
            value = slice.value
        }
        return value?.bytes(in: head).copied()
    }

    /// The whole head, once its empty line was read.
    func head(
        after line: RequestLine, of head: Span<UInt8>, headBytes: Int, bodyBytesMax: UInt64
    ) throws(WireRefusal) -> RequestHead {
        let isCurrent = line.minorVersion == 1
        try checkHost(line, head, isRequired: isCurrent)
        let framing = try framing(head, isCurrent: isCurrent, bodyBytesMax: bodyBytesMax)
        return RequestHead(
            method: line.method, methodName: line.methodName, target: line.target, path: line.path, query: line.query,
            minorVersion: line.minorVersion, fields: fields, framing: framing,
            keepsAlive: !asksToClose && (isCurrent || asksToKeep),
            expectsContinue: expectsContinue && isCurrent && framing.declaredBytes != 0, headBytes: headBytes)
    }

    private func checkHost(_ line: RequestLine, _ head: Span<UInt8>, isRequired: Bool) throws(WireRefusal) {
        guard let host else {
            if isRequired { throw .badRequest(.hostMissing) }
            return
        }
        guard let authority = line.authority else { return }
        // RFC 9112 § 3.2.2 lets the target win; two names for one request are how a cache is poisoned.
        let named = authority.bytes(in: head)
        let said = host.bytes(in: head)
        guard let first = Authority(named), let second = Authority(said),
            equalsIgnoringCase(named.extracting(first.host), said.extracting(second.host))
        else { throw .badRequest(.hostDiffersFromTarget) }
        let usual: UInt64 = line.isSecure ? 443 : 80
        guard first.port ?? usual == second.port ?? usual else { throw .badRequest(.hostDiffersFromTarget) }
    }

    private func equalsIgnoringCase(_ first: Span<UInt8>, _ second: Span<UInt8>) -> Bool {
        guard first.count == second.count else { return false }
        for index in first.indices where first[index].asciiLowercased != second[index].asciiLowercased { return false }
        return true
    }

    /// RFC 9112 § 6: where it lets a server repair, this one refuses.
    private func framing(
        _ head: Span<UInt8>, isCurrent: Bool, bodyBytesMax: UInt64
    ) throws(WireRefusal) -> BodyFraming {
        guard let transferEncoding else {
            guard let contentLength else { return .none }
            guard contentLength <= bodyBytesMax else { throw .bodyTooLarge }
            return .length(contentLength)
        }
        guard contentLength == nil else { throw .badRequest(.transferEncodingWithLength) }
        guard isCurrent else { throw .badRequest(.transferEncodingInHTTP10) }
        guard transferEncoding.bytes(in: head).equalsIgnoringCase("chunked") else { throw .codingNotImplemented }
        return .chunked
    }
}
