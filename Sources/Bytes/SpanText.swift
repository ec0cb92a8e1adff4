/// Text in spans of bytes.
extension Span where Element == UInt8 {
    /// Whether the bytes are exactly those of `text`.
    package func equals(_ text: String) -> Bool {
        // The length of a short text costs less than its bytes.
        count == text.utf8.count && hasPrefix(text.utf8Span.span)
    }

    /// Whether the bytes are those of `lowercased`, an ASCII text in lower case, in letters of either case.
    package func equalsIgnoringCase(_ lowercased: String) -> Bool {
        guard count == lowercased.utf8.count else { return false }
        let expected = lowercased.utf8Span.span
        for index in indices where self[index].asciiLowercased != expected[index] { return false }
        return true
    }

    /// Whether the bytes begin with those of `prefix`.
    package func hasPrefix(_ prefix: Span<UInt8>) -> Bool {
        guard count >= prefix.count else { return false }
        for index in prefix.indices where self[index] != prefix[index] { return false }
        return true
    }

    /// A copy of the bytes.
    package func copied() -> [UInt8] {
        var output: [UInt8] = []
        output.append(contentsOf: self)
        return output
    }

    /// The bytes as text when they are well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms), else nil.
    package func validatedText() -> String? {
        guard let valid = try? UTF8Span(validating: self) else { return nil }
        return String(copying: valid)
    }

    /// The bytes as text, each ill-formed sequence replaced by U+FFFD. For logs and messages, never for keys.
    package func repairedText() -> String {
        validatedText() ?? String(decoding: copied(), as: UTF8.self)
    }
}

extension [UInt8] {
    /// Appends a copy of the bytes of `span`.
    package mutating func append(contentsOf span: Span<UInt8>) {
        // The standard library writes its count, unchanged, into the one empty array that all threads share.
        guard !span.isEmpty else { return }
        append(addingCapacity: span.count) { output in
            for index in span.indices { output.append(span[index]) }
        }
    }

    /// Appends the UTF-8 bytes of `text`.
    package mutating func append(text: String) {
        append(contentsOf: text.utf8)
    }
}
