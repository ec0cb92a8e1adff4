internal import Bytes

/// An `http` or `https` URL of a service: scheme, host, port, and a path only where one is allowed.
package struct EndpointURL: Equatable, Sendable {
    package let isSecure: Bool
    /// Lower case; an IPv6 address keeps its brackets.
    package let host: String
    /// nil: the scheme's own.
    package let port: UInt16?
    /// Begins with `/` and does not end with it; empty for the root.
    package let path: String

    /// `https://host[:port][/path]`, without a slash at the end.
    package var text: String {
        (isSecure ? "https://" : "http://") + authority + path
    }

    /// What the `Host` field says: the port only where it was given and is not the scheme's own.
    package var authority: String {
        guard let port, port != (isSecure ? 443 : 80) else { return host }
        return "\(host):\(port)"
    }

    /// Refuses, by a message, user information, queries, fragments, and a path unless `allowsPath`.
    static func parse(_ text: String, allowsPath: Bool) -> Result<EndpointURL, SettingRefusal> {
        let lowered = text.lowercased()
        let isSecure = lowered.hasPrefix("https://")
        guard isSecure || lowered.hasPrefix("http://") else {
            return .failure(SettingRefusal("must begin with http:// or https://"))
        }
        let rest = text.utf8.dropFirst(isSecure ? 8 : 7)
        guard rest.allSatisfy({ $0.isVisible && !forbidden.contains($0) }) else {
            return .failure(SettingRefusal("must be a plain URL: no user, query, fragment, space or backslash"))
        }
        let authority = rest.prefix { $0 != 0x2F }
        var path = rest[authority.endIndex...]
        while path.last == 0x2F { path = path.dropLast() }
        guard allowsPath || path.isEmpty else {
            return .failure(SettingRefusal("must not have a path after the host"))
        }
        guard let (host, port) = splitAuthority([UInt8](authority)) else {
            return .failure(SettingRefusal("must have a host, and a port from 1 to 65535 or none"))
        }
        return .success(EndpointURL(isSecure: isSecure, host: host, port: port, path: String(Substring(path))))
    }

    /// `@`, `?`, `#`, `\`, `"`, `<`, `>`, `^`, `` ` ``, `{`, `|`, `}`.
    private static let forbidden = [UInt8]("@?#\\\"<>^`{|}".utf8)

    private static func splitAuthority(_ authority: [UInt8]) -> (host: String, port: UInt16?)? {
        var host = authority[...]
        var port: UInt16?
        let bracket = authority.lastIndex(of: 0x5D) ?? -1
        if let colon = authority.lastIndex(of: 0x3A), colon > bracket {
            host = authority[..<colon]
            let digits = authority[(colon + 1)...]
            guard let value = Decimal.parse(digits.span).flatMap(UInt16.init(exactly:)), value > 0 else { return nil }
            port = value
        }
        let text = String(decoding: host.map(\.asciiLowercased), as: UTF8.self)
        return HostText.isHost(text) ? (text, port) : nil
    }
}

/// Hosts as they stand in URLs and listener addresses.
enum HostText {
    /// A DNS name, an IPv4 address, or an IPv6 address in brackets. Only the characters are judged.
    static func isHost(_ text: String) -> Bool {
        let bytes = [UInt8](text.utf8)
        guard !bytes.isEmpty, bytes.count <= 255 else { return false }
        if bytes[0] == 0x5B { return bytes.last == 0x5D && isIPv6(bytes[1 ..< bytes.count - 1]) }
        return bytes[0] != 0x2E && bytes[0] != 0x2D
            && bytes.allSatisfy { $0.isAlpha || $0.isDigit || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F }
    }

    static func isIPv6(_ bytes: ArraySlice<UInt8>) -> Bool {
        bytes.contains(0x3A) && bytes.allSatisfy { $0.hexValue != nil || $0 == 0x3A || $0 == 0x2E }
    }

    static func isIPv4(_ text: String) -> Bool {
        let parts = text.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4
            && parts.allSatisfy { $0.utf8.count <= 3 && $0.utf8.allSatisfy(\.isDigit) && UInt8($0) != nil }
    }
}

/// Why a value is refused: the part of the problem after the name and the value.
struct SettingRefusal: Error, Equatable {
    let message: String

    init(_ message: String) {
        self.message = message
    }
}
