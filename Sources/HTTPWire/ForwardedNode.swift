package import Bytes

/// Who a proxy says that a request came from.
package enum ForwardedNode: Equatable, Sendable {
    /// The port, where one was given, is checked and dropped.
    case address(IPAddress)
    /// `unknown`, an obfuscated name, or nothing: the proxy does not say.
    case unidentified
}

/// The schemes that a request can have come by.
package enum ForwardedScheme: Equatable, Sendable {
    case http
    case https

    /// nil for any other word.
    package init?(_ text: Span<UInt8>) {
        if text.equalsIgnoringCase("https") {
            self = .https
        } else if text.equalsIgnoringCase("http") {
            self = .http
        } else {
            return nil
        }
    }
}

extension ForwardedNode {
    /// `node` of RFC 7239 § 6: an IPv4 address, an IPv6 address in brackets, `unknown` or `_name`, each with an
    /// optional port, which may be obfuscated too.
    init?(node text: Span<UInt8>) {
        var end = 0
        if !text.isEmpty, text[0] == UInt8(ascii: "[") {
            while end < text.count, text[end] != UInt8(ascii: "]") { end += 1 }
            guard end < text.count else { return nil }
            end += 1
        } else {
            while end < text.count, text[end] != UInt8(ascii: ":") { end += 1 }
        }
        let name = text.extracting(first: end)
        if end < text.count {
            guard text[end] == UInt8(ascii: ":") else { return nil }
            let port = text.extracting(droppingFirst: end + 1)
            guard Self.isPort(port) || Self.isObfuscated(port) else { return nil }
        }
        if name.equalsIgnoringCase("unknown") || Self.isObfuscated(name) {
            self = .unidentified
            return
        }
        guard let address = Self.bracketed(name) ?? IPAddress(parsing: name) else { return nil }
        self = .address(address)
    }

    /// One element of `X-Forwarded-For`, which no standard describes: what proxies write, and nothing else. IPv6 comes
    /// with and without brackets there; a port behind it needs them.
    init?(forwardedFor text: Span<UInt8>) {
        if let address = IPAddress(parsing: text) {
            self = .address(address)
        } else if let node = ForwardedNode(node: text) {
            self = node
        } else {
            return nil
        }
    }

    private static func bracketed(_ text: Span<UInt8>) -> IPAddress? {
        guard text.count >= 2, text[0] == UInt8(ascii: "["), text[text.count - 1] == UInt8(ascii: "]")
        else { return nil }
        let inner = text.extracting(1 ..< text.count - 1)
        for index in inner.indices where inner[index] == UInt8(ascii: ":") { return IPAddress(parsing: inner) }
        return nil
    }

    private static func isPort(_ digits: Span<UInt8>) -> Bool {
        guard digits.count <= 5, let port = Decimal.parse(digits) else { return false }
        return port <= 65_535
    }

    /// `obfnode` and `obfport`: `"_" 1*( ALPHA / DIGIT / "." / "_" / "-")`.
    private static func isObfuscated(_ text: Span<UInt8>) -> Bool {
        guard text.count >= 2, text[0] == UInt8(ascii: "_") else { return false }
        for index in text.indices {
            let byte = text[index]
            let isMember = byte.isAlpha || byte.isDigit || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_")
            guard isMember || byte == UInt8(ascii: "-") else { return false }
        }
        return true
    }
}
