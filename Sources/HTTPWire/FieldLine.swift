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

extension FieldSlice {
    /// The field of a line of `head`; nil where ``FieldLine`` is.
    init?(_ line: Range<Int>, of head: Span<UInt8>) {
        guard let field = FieldLine(head.extracting(line)) else { return nil }
        let start = line.lowerBound
        let name = start ..< start + field.nameEnd
        known = KnownField(name: head.extracting(name))
        self.name = ByteSlice(name)
        value = ByteSlice(start + field.value.lowerBound ..< start + field.value.upperBound)
    }
}

/// The value of Content-Length (RFC 9110 § 8.6).
enum DeclaredLength {
    /// The value of `1*DIGIT`, `UInt64.max` for everything above it; nil for anything else.
    static func parse(_ digits: Span<UInt8>) -> UInt64? {
        if let length = Decimal.parse(digits) { return length }
        guard !digits.isEmpty else { return nil }
        for index in digits.indices where !digits[index].isDigit { return nil }
        return .max
    }
}

/// `#element` of RFC 9110 § 5.6.1: walks through the comma-separated elements, empty ones included.
struct ListElements {
    private var start = 0

    /// The next element without the white space around it; nil behind the last one.
    mutating func next(in value: Span<UInt8>) -> Range<Int>? {
        guard start <= value.count else { return nil }
        var end = start
        while end < value.count, value[end] != UInt8(ascii: ",") { end += 1 }
        var first = start
        start = end + 1
        while first < end, value[first].isOptionalWhitespace { first += 1 }
        while end > first, value[end - 1].isOptionalWhitespace { end -= 1 }
        return first ..< end
    }
}

enum ListValue {
    /// Whether one of the elements is `element`, which is in lower case, in letters of either case.
    static func contains(_ element: String, in value: Span<UInt8>) -> Bool {
        var elements = ListElements()
        while let range = elements.next(in: value) {
            if value.extracting(range).equalsIgnoringCase(element) { return true }
        }
        return false
    }
}
