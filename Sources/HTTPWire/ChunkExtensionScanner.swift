internal import Bytes

/// Checks `*( BWS ";" BWS chunk-ext-name [ BWS "=" BWS chunk-ext-val ] )` byte by byte (RFC 9112 § 7.1.1).
struct ChunkExtensionScanner: Sendable {
    private enum Expecting {
        case semicolon, nameStart, name, equalsOrSemicolon, valueStart, token, quoted, escaped, lineOrSemicolon
    }

    private var expecting = Expecting.semicolon

    /// Takes the next byte, the CR at the end included; false when it has no place here.
    mutating func take(_ byte: UInt8) -> Bool {
        switch expecting {
        case .semicolon:
            if byte.isOptionalWhitespace { return true }
            return afterMember(byte)
        case .nameStart:
            if byte.isOptionalWhitespace { return true }
            expecting = .name
            return byte.isTokenByte
        case .name:
            if byte.isTokenByte { return true }
            return byte == UInt8(ascii: "\r") || afterName(byte)
        case .equalsOrSemicolon:
            return afterName(byte)
        case .valueStart:
            if byte.isOptionalWhitespace { return true }
            expecting = byte == UInt8(ascii: "\"") ? .quoted : .token
            return byte == UInt8(ascii: "\"") || byte.isTokenByte
        case .token:
            if byte.isTokenByte { return true }
            return byte == UInt8(ascii: "\r") || afterValue(byte)
        case .quoted:
            if byte == UInt8(ascii: "\"") { expecting = .lineOrSemicolon }
            if byte == UInt8(ascii: "\\") { expecting = .escaped }
            return byte.isFieldValueByte
        case .escaped:
            expecting = .quoted
            return byte.isFieldValueByte
        case .lineOrSemicolon:
            return byte == UInt8(ascii: "\r") || afterValue(byte)
        }
    }

    private mutating func afterName(_ byte: UInt8) -> Bool {
        if byte.isOptionalWhitespace {
            expecting = .equalsOrSemicolon
            return true
        }
        if byte == UInt8(ascii: "=") {
            expecting = .valueStart
            return true
        }
        return afterMember(byte)
    }

    private mutating func afterValue(_ byte: UInt8) -> Bool {
        if byte.isOptionalWhitespace {
            expecting = .semicolon
            return true
        }
        return afterMember(byte)
    }

    private mutating func afterMember(_ byte: UInt8) -> Bool {
        expecting = .nameStart
        return byte == UInt8(ascii: ";")
    }
}
