internal import Bytes

/// `field-name ":" OWS field-value OWS` (RFC 9112 § 5), taken apart. Offsets count from the line's first byte.
struct FieldLine {
    let nameEnd: Int
    /// Without the white space around it.
    let value: Range<Int>

    /// nil when the line does not begin with a token and a colon right behind it. The bytes of the value are the
    /// caller's to check.
    init?(_ line: Span<UInt8>) {
        var index = 0
        while index < line.count, line[index].isTokenByte { index += 1 }
        guard index > 0, index < line.count, line[index] == UInt8(ascii: ":") else { return nil }
        nameEnd = index
        var start = index + 1
        var end = line.count
        while start < end, line[start].isOptionalWhitespace { start += 1 }
        while end > start, line[end - 1].isOptionalWhitespace { end -= 1 }
        value = start ..< end
    }
}

/// `#element` of RFC 9110 § 5.6.1.
enum ListValue {
    /// Whether one of the comma-separated elements is `element`, which is in lower case, in letters of either case.
    static func contains(_ element: String, in value: Span<UInt8>) -> Bool {
        var start = 0
        while start <= value.count {
            var end = start
            while end < value.count, value[end] != UInt8(ascii: ",") { end += 1 }
            let next = end + 1
            while start < end, value[start].isOptionalWhitespace { start += 1 }
            while end > start, value[end - 1].isOptionalWhitespace { end -= 1 }
            if value.extracting(start ..< end).equalsIgnoringCase(element) { return true }
            start = next
        }
        return false
    }
}
