/// Base64url without padding, as JOSE uses it (RFC 4648 § 5, RFC 7515 § 2).
package enum Base64URL {
    /// The decoded bytes, or nil when the text is not the one canonical encoding of any bytes: a byte outside the
    /// alphabet (padding and white space included), an impossible length, or non-zero bits after the last byte.
    package static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        let tail = text.count & 3
        guard tail != 1 else { return nil }
        var output: [UInt8] = []
        output.reserveCapacity(text.count / 4 * 3 + 2)
        var bits: UInt32 = 0
        var count = 0
        for index in text.indices {
            guard let sextet = value(text[index]) else { return nil }
            bits = bits << 6 | UInt32(sextet)
            count += 6
            if count >= 8 {
                count -= 8
                output.append(UInt8(truncatingIfNeeded: bits >> UInt32(count)))
            }
        }
        guard bits & ((1 << UInt32(count)) - 1) == 0 else { return nil }
        return output
    }

    /// Appends the canonical encoding of `bytes`.
    package static func append(_ bytes: Span<UInt8>, to output: inout [UInt8]) {
        var bits: UInt32 = 0
        var count = 0
        for index in bytes.indices {
            bits = bits << 8 | UInt32(bytes[index])
            count += 8
            while count >= 6 {
                count -= 6
                output.append(letter(UInt8(truncatingIfNeeded: bits >> UInt32(count)) & 63))
            }
        }
        if count > 0 { output.append(letter(UInt8(truncatingIfNeeded: bits << UInt32(6 - count)) & 63)) }
    }

    private static func value(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x41 ... 0x5A: byte &- 0x41
        case 0x61 ... 0x7A: byte &- 0x61 &+ 26
        case 0x30 ... 0x39: byte &- 0x30 &+ 52
        case 0x2D: 62
        case 0x5F: 63
        default: nil
        }
    }

    private static func letter(_ sextet: UInt8) -> UInt8 {
        switch sextet {
        case 0 ..< 26: sextet &+ 0x41
        case 26 ..< 52: sextet &- 26 &+ 0x61
        case 52 ..< 62: sextet &- 52 &+ 0x30
        case 62: 0x2D
        default: 0x5F
        }
    }
}
