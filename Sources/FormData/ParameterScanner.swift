internal import Bytes

/// Walks `*( OWS ";" OWS [ parameter ] )` (RFC 9110 § 5.6.6), what follows the first word of a `Content-Type` or
/// `Content-Disposition` value.
struct ParameterScanner {
    struct Parameter {
        /// Where the name stands in the value.
        let name: Range<Int>
        /// Without quotes.
        let value: [UInt8]
        let isQuoted: Bool
        /// Whether a backslash stood in it.
        let hasBackslash: Bool
    }

    private var index: Int
    private let fault: FormFault

    /// - Parameters:
    ///   - start: where the first word ends.
    ///   - fault: what to throw where the parameters are malformed.
    init(after start: Int, fault: FormFault) {
        index = start
        self.fault = fault
    }

    /// The next parameter of `value`, nil behind the last one.
    mutating func next(in value: Span<UInt8>) throws(FormFault) -> Parameter? {
        while true {
            skipWhitespace(value)
            guard index < value.count else { return nil }
            guard value[index] == UInt8(ascii: ";") else { throw fault }
            index += 1
            skipWhitespace(value)
            guard index < value.count else { return nil }
            // An empty slot is none.
            if value[index] != UInt8(ascii: ";") { return try parameter(value) }
        }
    }

    private mutating func parameter(_ value: Span<UInt8>) throws(FormFault) -> Parameter {
        let name = token(value)
        guard !name.isEmpty, index < value.count, value[index] == UInt8(ascii: "=") else { throw fault }
        index += 1
        guard index < value.count, value[index] == UInt8(ascii: "\"") else {
            let range = token(value)
            guard !range.isEmpty else { throw fault }
            return Parameter(
                name: name, value: value.extracting(range).copied(), isQuoted: false, hasBackslash: false)
        }
        return try quoted(value, name: name)
    }

    /// A backslash escapes a quote and itself, and stands for itself before anything else: browsers send it so, in the
    /// path of a file, although RFC 9110 § 5.6.4 lets it escape every character.
    private mutating func quoted(_ value: Span<UInt8>, name: Range<Int>) throws(FormFault) -> Parameter {
        var text: [UInt8] = []
        var hasBackslash = false
        index += 1
        while index < value.count {
            var byte = value[index]
            index += 1
            if byte == UInt8(ascii: "\"") {
                return Parameter(name: name, value: text, isQuoted: true, hasBackslash: hasBackslash)
            }
            guard byte.isFieldValueByte else { throw fault }
            if byte == UInt8(ascii: "\\") {
                hasBackslash = true
                if index < value.count, value[index] == UInt8(ascii: "\"") || value[index] == UInt8(ascii: "\\") {
                    byte = value[index]
                    index += 1
                }
            }
            text.append(byte)
        }
        throw fault
    }

    private mutating func token(_ value: Span<UInt8>) -> Range<Int> {
        let start = index
        while index < value.count, value[index].isTokenByte { index += 1 }
        return start ..< index
    }

    private mutating func skipWhitespace(_ value: Span<UInt8>) {
        while index < value.count, value[index].isOptionalWhitespace { index += 1 }
    }
}
