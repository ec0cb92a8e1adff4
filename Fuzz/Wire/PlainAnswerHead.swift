internal import FuzzBasics
internal import FuzzPlain
internal import HTTPWire

/// One head of an answer read plainly, a line at a time, each judged where it ends (RFC 9112 § 4 to § 6).
struct PlainAnswerHead {
    /// A field line; an empty value is nowhere.
    struct Field: Equatable {
        var name: Range<Int>
        var value: Range<Int>
    }

    enum Reading {
        case incomplete
        case refused(ResponseRefusal)
        case head(PlainAnswerHead)
    }

    private enum Line {
        case incomplete
        case refused(ResponseRefusal)
        case text(ArraySlice<UInt8>)
    }

    private(set) var status = 0
    private(set) var minorVersion = 0
    private(set) var fields: [Field] = []
    private(set) var headBytes = 0
    private var hasBody = false
    private var options: [String] = []
    private var lengths: [UInt64] = []
    private var isChunked = false
    /// A 204 that says that it has one.
    private var announcesBody = false

    var framing: ResponseFraming {
        guard hasBody else { return .none }
        return isChunked ? .chunked : lengths.first.map { .length($0) } ?? .untilClose
    }

    var keepsAlive: Bool {
        if framing == .untilClose || isChunked && !lengths.isEmpty || announcesBody { return false }
        if options.contains("close") { return false }
        return minorVersion == 1 || options.contains("keep-alive")
    }

    /// The head that `bytes` begin with; it takes no more than `bytesMax`.
    static func read(
        _ bytes: ArraySlice<UInt8>, bytesMax: Int, limits: ResponseLimits, expectsBody: Bool
    ) -> Reading {
        var head = PlainAnswerHead()
        var rest = Array(bytes.prefix(bytesMax))[...]
        while true {
            switch line(&rest, isCut: bytes.count >= bytesMax) {
            case .incomplete: return .incomplete
            case .refused(let refusal): return .refused(refusal)
            case .text(let text):
                let isFirst = head.status == 0
                if !isFirst, text.isEmpty {
                    head.headBytes = rest.startIndex
                    return .head(head)
                }
                let refusal =
                    isFirst
                    ? head.judgeStatusLine(text, expectsBody: expectsBody) : head.judgeField(text, limits)
                if let refusal { return .refused(refusal) }
            }
        }
    }

    /// The next line, which ends with LF or CRLF.
    private static func line(_ rest: inout ArraySlice<UInt8>, isCut: Bool) -> Line {
        let text = rest.prefix { $0 == 0x09 || $0 >= 0x20 && $0 != 0x7F }
        let behind = rest[text.endIndex...]
        for end in [[0x0A], [0x0D, 0x0A]] as [[UInt8]] where behind.starts(with: end) {
            rest = behind.dropFirst(end.count)
            return .text(text)
        }
        if behind.isEmpty || behind == [0x0D] { return isCut ? .refused(.headTooLarge) : .incomplete }
        return .refused(behind.first == 0x0D ? .bareCR : .controlByte)
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (0x30 ... 0x39).contains(byte) }

    private mutating func judgeStatusLine(_ line: ArraySlice<UInt8>, expectsBody: Bool) -> ResponseRefusal? {
        let shape = PlainBytes.text(line.prefix(13).map { Self.isDigit($0) ? 0x30 : $0 })
        guard shape == "HTTP/0.0 000" || shape == "HTTP/0.0 000 " else { return .statusLine }
        guard line[5] == 0x31 else { return .version }
        minorVersion = line[7] == 0x30 ? 0 : 1
        status = Int(PlainBytes.text(line[9 ..< 12])) ?? 0
        guard (100 ..< 600).contains(status) else { return .status }
        guard status != 101 else { return .upgrade }
        hasBody = expectsBody && status >= 200 && status != 204 && status != 304
        return nil
    }

    private mutating func judgeField(_ line: ArraySlice<UInt8>, _ limits: ResponseLimits) -> ResponseRefusal? {
        if let byte = line.first, PlainLetters.isSpace(byte) { return .foldedLine }
        guard fields.count < limits.fieldsMax else { return .headTooLarge }
        let name = line.prefix(while: PlainBytes.isToken)
        guard !name.isEmpty, line[name.endIndex...].first == 0x3A else { return .fieldName }
        let value = PlainLetters.trimmed(line[(name.endIndex + 1)...])
        fields.append(Field(name: name.indices, value: value.isEmpty ? 0 ..< 0 : value.indices))
        let elements = value.split(separator: 0x2C, omittingEmptySubsequences: false).map(PlainLetters.trimmed)
        switch PlainBytes.text(name).lowercased() {
        case "connection":
            options += elements.map { PlainBytes.text($0).lowercased() }
        case "content-length" where status == 204:
            if PlainBytes.text(value) != "0" { announcesBody = true }
        case "transfer-encoding" where status == 204:
            announcesBody = true
        case "content-length" where hasBody:
            for element in elements {
                guard !element.isEmpty, element.allSatisfy(Self.isDigit) else { return .contentLength }
                lengths.append(UInt64(PlainBytes.text(element)) ?? .max)
                guard lengths.last == lengths.first else { return .contentLengthsDiffer }
            }
            guard lengths.allSatisfy({ $0 <= limits.bodyBytesMax }) else { return .bodyTooLarge }
        case "transfer-encoding" where hasBody:
            guard minorVersion == 1 else { return .transferEncodingInHTTP10 }
            guard !isChunked, PlainLetters.isSame(value, "chunked") else { return .transferCoding }
            isChunked = true
        default: break
        }
        return nil
    }
}
