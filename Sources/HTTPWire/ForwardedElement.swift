internal import Bytes

/// What one proxy says of the request that it passed on: one element of `Forwarded` or of `X-Forwarded-For`.
package struct ForwardedElement: Equatable, Sendable {
    package let node: ForwardedNode
    /// The scheme by which the request reached that proxy; nil when it does not say, or says another.
    package let scheme: ForwardedScheme?

    /// `X-Forwarded-For` has no more than the address.
    init?(forwardedFor text: Span<UInt8>) {
        guard let node = ForwardedNode(forwardedFor: text) else { return nil }
        self.node = node
        scheme = nil
    }

    /// `forwarded-element` of RFC 7239 § 4: pairs of a token and a value between semicolons. White space around a
    /// semicolon is no part of the grammar; some proxies write it, and it cannot be misread.
    init?(forwarded text: Span<UInt8>) {
        var node: ForwardedNode?
        var scheme: ForwardedScheme?
        var hasScheme = false
        var index = 0
        while true {
            Self.skipWhitespace(text, &index)
            if index == text.count { break }
            if text[index] == UInt8(ascii: ";") {
                index += 1
                continue
            }
            guard let name = Self.token(text, &index), index < text.count, text[index] == UInt8(ascii: "=")
            else { return nil }
            index += 1
            guard let value = Self.value(text, &index) else { return nil }
            // § 4: each parameter at most once.
            if name.equalsIgnoringCase("for") {
                guard node == nil, let read = value.read(text, { ForwardedNode(node: $0) }) else { return nil }
                node = read
            } else if name.equalsIgnoringCase("proto") {
                guard !hasScheme else { return nil }
                hasScheme = true
                scheme = value.read(text) { ForwardedScheme($0) }
            }
            Self.skipWhitespace(text, &index)
            guard index == text.count || text[index] == UInt8(ascii: ";") else { return nil }
        }
        self.node = node ?? .unidentified
        self.scheme = scheme
    }

    private static func skipWhitespace(_ text: Span<UInt8>, _ index: inout Int) {
        while index < text.count, text[index].isOptionalWhitespace { index += 1 }
    }

    @_lifetime(copy text)
    private static func token(_ text: Span<UInt8>, _ index: inout Int) -> Span<UInt8>? {
        let start = index
        while index < text.count, text[index].isTokenByte { index += 1 }
        return index > start ? text.extracting(start ..< index) : nil
    }

    /// A token or a quoted string (RFC 9110 § 5.6.4).
    private static func value(_ text: Span<UInt8>, _ index: inout Int) -> Value? {
        guard index < text.count, text[index] == UInt8(ascii: "\"") else {
            let start = index
            return token(text, &index) == nil ? nil : Value(range: start ..< index, hasEscapes: false)
        }
        index += 1
        let start = index
        var hasEscapes = false
        while index < text.count, text[index] != UInt8(ascii: "\"") {
            if text[index] == UInt8(ascii: "\\") {
                hasEscapes = true
                index += 1
            }
            index += 1
        }
        guard index < text.count else { return nil }
        defer { index += 1 }
        return Value(range: start ..< index, hasEscapes: hasEscapes)
    }

    /// Where the value of a parameter stands, without its quotes.
    private struct Value {
        let range: Range<Int>
        let hasEscapes: Bool

        /// Nothing that is looked for needs a `\`; that it may be there is why it is undone all the same.
        func read<Result>(_ text: Span<UInt8>, _ body: (Span<UInt8>) -> Result) -> Result {
            guard hasEscapes else { return body(text.extracting(range)) }
            var plain: [UInt8] = []
            var index = range.lowerBound
            while index < range.upperBound {
                if text[index] == UInt8(ascii: "\\"), index + 1 < range.upperBound { index += 1 }
                plain.append(text[index])
                index += 1
            }
            return body(plain.span)
        }
    }
}
