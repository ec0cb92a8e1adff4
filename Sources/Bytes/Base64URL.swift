/// Base64url without padding, as JOSE uses it (RFC 4648 § 5, RFC 7515 § 2).
///
/// Four letters and three bytes at a time, and without a branch for each letter: every request brings a token.
package enum Base64URL {
    /// The decoded bytes, or nil when the text is not the one canonical encoding of any bytes: a byte outside the
    /// alphabet (padding and white space included), an impossible length, or non-zero bits after the last byte.
    package static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        let tail = text.count & 3
        guard tail != 1 else { return nil }
        let whole = text.count - tail
        var flaws: UInt32 = 0
        let output = [UInt8](capacity: text.count / 4 * 3 + 2) { output in
            var index = 0
            while index < whole {
                let sextets = (
                    sextet(text[index]), sextet(text[index + 1]), sextet(text[index + 2]), sextet(text[index + 3])
                )
                flaws |= sextets.0 | sextets.1 | sextets.2 | sextets.3
                let bits = sextets.0 << 18 | sextets.1 << 12 | sextets.2 << 6 | sextets.3
                output.append(UInt8(truncatingIfNeeded: bits >> 16))
                output.append(UInt8(truncatingIfNeeded: bits >> 8))
                output.append(UInt8(truncatingIfNeeded: bits))
                index += 4
            }
            guard tail > 0 else { return }
            let sextets = (sextet(text[index]), sextet(text[index + 1]), tail == 3 ? sextet(text[index + 2]) : 0)
            flaws |= sextets.0 | sextets.1 | sextets.2
            let bits = sextets.0 << 18 | sextets.1 << 12 | sextets.2 << 6
            output.append(UInt8(truncatingIfNeeded: bits >> 16))
            if tail == 3 { output.append(UInt8(truncatingIfNeeded: bits >> 8)) }
            if bits & (tail == 3 ? 0xFF : 0xFFFF) != 0 { flaws |= noSextet }
        }
        return flaws & noSextet == 0 ? output : nil
    }

    /// Appends the canonical encoding of `bytes`.
    package static func append(_ bytes: Span<UInt8>, to output: inout [UInt8]) {
        guard !bytes.isEmpty else { return }
        let tail = bytes.count % 3
        let whole = bytes.count - tail
        output.append(addingCapacity: whole / 3 * 4 + (tail == 0 ? 0 : tail + 1)) { output in
            var index = 0
            while index < whole {
                let bits = UInt32(bytes[index]) << 16 | UInt32(bytes[index + 1]) << 8 | UInt32(bytes[index + 2])
                output.append(letter(bits >> 18))
                output.append(letter(bits >> 12))
                output.append(letter(bits >> 6))
                output.append(letter(bits))
                index += 3
            }
            guard tail > 0 else { return }
            let bits = UInt32(bytes[index]) << 16 | (tail == 2 ? UInt32(bytes[index + 1]) << 8 : 0)
            output.append(letter(bits >> 18))
            output.append(letter(bits >> 12))
            if tail == 2 { output.append(letter(bits >> 6)) }
        }
    }

    /// The bit that no sextet has.
    private static let noSextet: UInt32 = 64

    /// The six bits that a letter stands for; `noSextet` where it is none.
    @inline(__always)
    private static func sextet(_ letter: UInt8) -> UInt32 {
        var sextet = UInt8(truncatingIfNeeded: noSextet)
        if letter &- 0x41 < 26 { sextet = letter &- 0x41 }
        if letter &- 0x61 < 26 { sextet = letter &- 0x47 }
        if letter &- 0x30 < 10 { sextet = letter &+ 4 }
        if letter == 0x2D { sextet = 62 }
        if letter == 0x5F { sextet = 63 }
        return UInt32(sextet)
    }

    /// The letter of the lowest six bits.
    @inline(__always)
    private static func letter(_ bits: UInt32) -> UInt8 {
        let sextet = UInt8(truncatingIfNeeded: bits) & 63
        var letter = sextet &+ 0x41
        if sextet > 25 { letter = sextet &+ 0x47 }
        if sextet > 51 { letter = sextet &- 4 }
        if sextet == 62 { letter = 0x2D }
        if sextet == 63 { letter = 0x5F }
        return letter
    }
}
