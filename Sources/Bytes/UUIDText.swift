/// UUIDs as text. The random bytes are passed in: nothing here knows where they come from.
package enum UUIDText {
    /// The random UUID (RFC 9562 § 5.4, version 4) made of sixteen random bytes: 36 bytes of lower-case text.
    ///
    /// The upper and lower halves carry the first and last eight bytes, most significant first; six bits are
    /// overwritten by version and variant.
    package static func version4(upper: UInt64, lower: UInt64) -> String {
        let high = upper & ~0xF000 | 0x4000
        let low = lower & ~(0b11 << 62) | 0b10 << 62
        var output: [UInt8] = []
        output.append(addingCapacity: 36) { text in
            for index in 0 ..< 16 {
                if index == 4 || index == 6 || index == 8 || index == 10 { text.append(0x2D) }
                let half = index < 8 ? high : low
                let byte = UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * (index & 7)))
                text.append(Hex.digit(byte >> 4))
                text.append(Hex.digit(byte & 15))
            }
        }
        return String(decoding: output, as: UTF8.self)
    }

    /// Whether the bytes are a UUID as RFC 9562 § 4 writes it: `8-4-4-4-12` hexadecimal digits of either case.
    package static func isUUID(_ text: Span<UInt8>) -> Bool {
        guard text.count == 36 else { return false }
        for index in text.indices {
            let isHyphen = index == 8 || index == 13 || index == 18 || index == 23
            guard isHyphen ? text[index] == 0x2D : text[index].hexValue != nil else { return false }
        }
        return true
    }
}
