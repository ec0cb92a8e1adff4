/// Base 64 with padding, in the alphabet that is not for URLs (RFC 4648 § 4).
package enum Base64 {
    /// The encoding of `bytes`.
    package static func text(_ bytes: Span<UInt8>) -> String {
        var output: [UInt8] = []
        output.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let count = min(3, bytes.count - index)
            var bits: UInt32 = 0
            for offset in 0 ..< 3 { bits = bits << 8 | (offset < count ? UInt32(bytes[index + offset]) : 0) }
            for offset in 0 ..< 4 {
                let sextet = UInt8(truncatingIfNeeded: bits >> UInt32(18 - 6 * offset)) & 63
                output.append(offset <= count ? letter(sextet) : 0x3D)
            }
            index += 3
        }
        return String(decoding: output, as: UTF8.self)
    }

    private static func letter(_ sextet: UInt8) -> UInt8 {
        switch sextet {
        case 0 ..< 26: sextet &+ 0x41
        case 26 ..< 52: sextet &- 26 &+ 0x61
        case 52 ..< 62: sextet &- 52 &+ 0x30
        case 62: 0x2B
        default: 0x2F
        }
    }
}
