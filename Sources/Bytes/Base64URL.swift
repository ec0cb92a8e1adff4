/// Base64url without padding, as JOSE uses it (RFC 4648 § 5, RFC 7515 § 2).
///
/// Four letters and three bytes at a time, and without a branch for each letter: every request brings a token.
package enum Base64URL {
    /// The decoded bytes, or nil when the text is not the one canonical encoding of any bytes: a byte outside the
    /// alphabet (padding and white space included), an impossible length, or non-zero bits after the last byte.
    package static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        let tail = text.count & 3
        guard tail != 1 else { return nil }
        var flaws = SIMD4<UInt8>()
        let output = [UInt8](capacity: text.count / 4 * 3 + 2) { output in
            var rest = text
            while rest.count >= 4 {
                let sextets = sextets(SIMD4(rest[0], rest[1], rest[2], rest[3]))
                flaws |= sextets
                let bits = bits(sextets)
                output.append(UInt8(truncatingIfNeeded: bits >> 16))
                output.append(UInt8(truncatingIfNeeded: bits >> 8))
                output.append(UInt8(truncatingIfNeeded: bits))
                rest = rest.extracting(droppingFirst: 4)
            }
            guard tail > 0 else { return }
            // `A` is all zero bits, in place of the letters that are not there.
            let sextets = sextets(SIMD4(rest[0], rest[1], tail == 3 ? rest[2] : 0x41, 0x41))
            flaws |= sextets
            let bits = bits(sextets)
            output.append(UInt8(truncatingIfNeeded: bits >> 16))
            if tail == 3 { output.append(UInt8(truncatingIfNeeded: bits >> 8)) }
            if bits & (tail == 3 ? 0xFF : 0xFFFF) != 0 { flaws[0] |= noSextet }
        }
        return flaws.max() < noSextet ? output : nil
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
    private static let noSextet: UInt8 = 64

    /// The six bits that each letter stands for; `noSextet` where it is none.
    @inline(__always)
    private static func sextets(_ letters: SIMD4<UInt8>) -> SIMD4<UInt8> {
        var sextets = SIMD4(repeating: noSextet)
        sextets.replace(with: letters &- 0x41, where: letters &- 0x41 .< 26)
        sextets.replace(with: letters &- 0x47, where: letters &- 0x61 .< 26)
        sextets.replace(with: letters &+ 4, where: letters &- 0x30 .< 10)
        sextets.replace(with: 62, where: letters .== 0x2D)
        sextets.replace(with: 63, where: letters .== 0x5F)
        return sextets
    }

    /// The sextets beside each other, the first one in the highest bits.
    @inline(__always)
    private static func bits(_ sextets: SIMD4<UInt8>) -> UInt32 {
        UInt32(sextets[0]) << 18 | UInt32(sextets[1]) << 12 | UInt32(sextets[2]) << 6 | UInt32(sextets[3])
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
