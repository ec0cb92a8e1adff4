internal import Bytes

/// Checks the trailer section byte by byte and keeps nothing of it (RFC 9112 § 7.1.2). A field that must not come
/// after the body, because a reader might act on it, refuses the request (RFC 9110 § 6.5.1).
struct TrailerScanner: Sendable {
    private enum Expecting {
        case lineStart, name, value, lineLF, endLF
    }

    private let bytesMax: Int
    private let fieldsMax: Int
    private var expecting = Expecting.lineStart
    private var bytes = 0
    private var fields = 0
    /// The current name in lower case, as far as it can still be one of ``forbidden``.
    private var name: [UInt8] = []

    init(limits: WireLimits) {
        bytesMax = limits.trailerBytesMax
        fieldsMax = limits.trailerFieldsMax
    }

    /// Takes the next byte behind the last chunk's size line; true when it was the section's last one.
    mutating func take(_ byte: UInt8) throws(WireRefusal) -> Bool {
        bytes += 1
        guard bytes <= bytesMax else { throw .badRequest(.trailersTooLarge) }
        switch expecting {
        case .lineStart:
            if byte == UInt8(ascii: "\r") {
                expecting = .endLF
                return false
            }
            fields += 1
            guard fields <= fieldsMax else { throw .badRequest(.trailersTooLarge) }
            guard byte.isTokenByte else { throw .badRequest(.trailer) }
            name = [byte.asciiLowercased]
            expecting = .name
        case .name:
            if byte == UInt8(ascii: ":") {
                guard !Self.isForbidden(name) else { throw .badRequest(.trailerNotAllowed) }
                expecting = .value
                return false
            }
            guard byte.isTokenByte else { throw .badRequest(.trailer) }
            if name.count <= Self.nameBytesMax { name.append(byte.asciiLowercased) }
        case .value:
            if byte == UInt8(ascii: "\r") {
                expecting = .lineLF
                return false
            }
            guard byte.isFieldValueByte else { throw .badRequest(.trailer) }
        case .lineLF:
            guard byte == UInt8(ascii: "\n") else { throw .badRequest(.bareCR) }
            expecting = .lineStart
        case .endLF:
            guard byte == UInt8(ascii: "\n") else { throw .badRequest(.bareCR) }
            return true
        }
        return false
    }

    private static let nameBytesMax = 32

    private static func isForbidden(_ name: [UInt8]) -> Bool {
        guard name.count <= nameBytesMax else { return false }
        if KnownField(name: name.span) != .other { return true }
        for candidate in forbidden where name.span.equals(candidate) { return true }
        return false
    }

    /// Framing, routing, modifiers, authentication and content fields beside those of ``KnownField``.
    private static let forbidden = [
        "accept-encoding", "age", "cache-control", "content-encoding", "content-range", "cookie", "date", "expires",
        "if-match", "if-modified-since", "if-none-match", "if-range", "if-unmodified-since", "keep-alive", "location",
        "max-forwards", "pragma", "proxy-authenticate", "proxy-authorization", "proxy-connection", "range",
        "retry-after", "set-cookie", "vary", "warning", "www-authenticate",
    ]
}
