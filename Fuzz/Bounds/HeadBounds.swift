internal import FuzzBasics
internal import HTTPWire

/// What holds for each head, each refusal and each head that is still to come, whatever bytes they are about.
enum HeadBounds {
    /// Method, target and fields follow each other without a gap that is not a separator, up to the head's last byte.
    static func check(_ head: RequestHead, of bytes: Span<UInt8>, limits: WireLimits) throws(OracleFailure) {
        guard head.headBytes <= min(limits.headBytesMax, bytes.count) else { throw OracleFailure("too long a head") }
        let bytes = bytes.extracting(first: head.headBytes)
        let start = emptyLines(bytes)
        guard start <= 2 * limits.emptyLinesMax else { throw OracleFailure("too many empty lines") }
        var offset = try checkRequestLine(head, bytes, from: start, limits)
        guard head.fields.count <= limits.fieldsMax else { throw OracleFailure("too many fields") }
        for field in head.fields { offset = try checkField(field, bytes, from: offset) }
        guard isLineEnd(bytes, offset), offset + 2 == bytes.count else {
            throw OracleFailure("a head that does not end with an empty line")
        }
        guard head.framing.declaredBytes ?? 0 <= limits.bodyBytesMax else { throw OracleFailure("too long a body") }
    }

    /// Where the line behind the request line begins.
    private static func checkRequestLine(
        _ head: RequestHead, _ bytes: Span<UInt8>, from start: Int, _ limits: WireLimits
    ) throws(OracleFailure) -> Int {
        let method = head.methodName.range
        let target = head.target.range
        guard method.lowerBound == start, !method.isEmpty, method.count <= limits.methodBytesMax,
            target.lowerBound == method.upperBound + 1, !target.isEmpty
        else { throw OracleFailure("a request line that does not begin with method and target") }
        // A space and `HTTP/1.1`.
        let end = target.upperBound + 9
        guard end - start <= limits.requestLineBytesMax, isLineEnd(bytes, end), bytes[method.upperBound] == 0x20,
            bytes[target.upperBound] == 0x20, bytes[end - 1] == 0x30 + head.minorVersion
        else { throw OracleFailure("a request line that is too long or ends elsewhere") }
        let path = head.path.range
        guard path.isEmpty || path.lowerBound >= target.lowerBound && path.upperBound <= target.upperBound
        else { throw OracleFailure("a path outside of the target") }
        if let query = head.query?.range {
            guard query.lowerBound > path.upperBound - 1, query.upperBound == target.upperBound,
                bytes[query.lowerBound - 1] == 0x3F
            else { throw OracleFailure("a query that is not the target's end") }
        }
        return end + 2
    }

    /// Where the next line begins.
    private static func checkField(
        _ field: FieldSlice, _ bytes: Span<UInt8>, from start: Int
    ) throws(OracleFailure) -> Int {
        let name = field.name.range
        let value = field.value.range
        guard name.lowerBound == start, !name.isEmpty, name.upperBound < value.lowerBound,
            value.upperBound < bytes.count, bytes[name.upperBound] == 0x3A
        else { throw OracleFailure("a field that is not behind the one before it") }
        for index in name.upperBound + 1 ..< value.lowerBound where !isBlank(bytes[index]) {
            throw OracleFailure("a value that begins too late")
        }
        for index in value {
            guard bytes[index] >= 0x20 && bytes[index] != 0x7F || bytes[index] == 0x09
            else { throw OracleFailure("a control byte in a value") }
        }
        if !value.isEmpty, isBlank(bytes[value.lowerBound]) || isBlank(bytes[value.upperBound - 1]) {
            throw OracleFailure("a value with white space around it")
        }
        var end = value.upperBound
        while end < bytes.count, isBlank(bytes[end]) { end += 1 }
        guard isLineEnd(bytes, end) else { throw OracleFailure("a value that ends too early") }
        return end + 2
    }

    /// A head that is still to come has passed no bound yet, and is not there.
    static func checkIncomplete(_ bytes: Span<UInt8>, limits: WireLimits) throws(OracleFailure) {
        guard bytes.count < limits.headBytesMax else { throw OracleFailure("too long a head is waited for") }
        var lineStart = emptyLines(bytes)
        guard lineStart <= 2 * limits.emptyLinesMax else { throw OracleFailure("too many empty lines") }
        let start = lineStart
        var lines = 0
        for index in start ..< bytes.count {
            let byte = bytes[index]
            if byte == 0x0A {
                guard index > lineStart, bytes[index - 1] == 0x0D else { throw OracleFailure("a bare LF is passed") }
                guard index > lineStart + 1 else { throw OracleFailure("a complete head is waited for") }
                lines += 1
                lineStart = index + 1
            } else if byte < 0x20, byte != 0x0D, byte != 0x09 {
                throw OracleFailure("a control byte is passed")
            }
            if lines == 0, index - start > limits.requestLineBytesMax {
                throw OracleFailure("too long a request line is waited for")
            }
        }
        guard lines <= limits.fieldsMax + 1 else { throw OracleFailure("too many fields are waited for") }
    }

    /// A refusal for a bound's sake is of something beyond it.
    static func check(_ refusal: WireRefusal, of bytes: Span<UInt8>, limits: WireLimits) throws(OracleFailure) {
        let isRight =
            switch refusal {
            case .uriTooLong: bytes.count > limits.requestLineBytesMax
            case .methodNotImplemented: bytes.count > limits.methodBytesMax
            // The shortest line has a name, a colon and its end.
            case .headersTooLarge: bytes.count >= min(limits.headBytesMax, 4 * limits.fieldsMax)
            case .badRequest, .bodyTooLarge, .codingNotImplemented, .versionNotSupported: true
            }
        guard isRight else { throw OracleFailure("\(refusal), within the bounds") }
    }

    /// How many bytes of empty lines there are at the beginning.
    private static func emptyLines(_ bytes: Span<UInt8>) -> Int {
        var offset = 0
        while isLineEnd(bytes, offset) { offset += 2 }
        return offset
    }

    private static func isLineEnd(_ bytes: Span<UInt8>, _ index: Int) -> Bool {
        index + 1 < bytes.count && bytes[index] == 0x0D && bytes[index + 1] == 0x0A
    }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }
}
