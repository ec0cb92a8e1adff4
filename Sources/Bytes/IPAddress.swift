/// An IPv4 or IPv6 address as a value; IPv4 seen through a dual-stack socket (`::ffff:a.b.c.d`) is IPv4.
package struct IPAddress: Hashable, Sendable, CustomStringConvertible {
    /// The first eight bytes in network order; IPv4 addresses are kept in their mapped form.
    package let upper: UInt64
    /// The last eight bytes.
    package let lower: UInt64

    package init(upper: UInt64, lower: UInt64) {
        self.upper = upper
        self.lower = lower
    }

    /// `v4` in host order: 127.0.0.1 is 0x7F000001.
    package init(v4: UInt32) {
        upper = 0
        lower = 0xFFFF_0000_0000 | UInt64(v4)
    }

    /// Whether this is an IPv4 address.
    package var isV4: Bool { upper == 0 && lower >> 32 == 0xFFFF }

    /// The IPv4 address in host order, or nil.
    package var v4: UInt32? { isV4 ? UInt32(truncatingIfNeeded: lower) : nil }

    /// 0.0.0.0 or ::.
    package var isUnspecified: Bool { isV4 ? UInt32(truncatingIfNeeded: lower) == 0 : upper == 0 && lower == 0 }

    /// The address with all but the first `bits` bits cleared; for IPv4 `bits` counts within its 32 bits.
    package func masked(prefixBits bits: Int) -> IPAddress {
        let kept = isV4 ? 96 + min(max(bits, 0), 32) : min(max(bits, 0), 128)
        return IPAddress(
            upper: upper & Self.mask(bits: min(kept, 64)), lower: lower & Self.mask(bits: max(kept - 64, 0)))
    }

    /// `127.0.0.1`, `2001:db8::1` (RFC 5952).
    package var description: String {
        var output: [UInt8] = []
        append(to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    /// Appends the text of the address.
    package func append(to output: inout [UInt8]) {
        guard let v4 else {
            appendV6(to: &output)
            return
        }
        for shift in stride(from: UInt32(24), through: 0, by: -8) {
            Decimal.append(UInt64((v4 >> shift) & 0xFF), to: &output)
            if shift > 0 { output.append(0x2E) }
        }
    }

    private static func mask(bits: Int) -> UInt64 { bits == 0 ? 0 : ~0 << UInt64(64 - bits) }

    private func group(_ index: Int) -> UInt64 {
        ((index < 4 ? upper : lower) >> UInt64(48 - 16 * (index & 3))) & 0xFFFF
    }

    /// RFC 5952 § 4: lower case, no leading zeros, the first longest run of two or more zero groups as `::`.
    private func appendV6(to output: inout [UInt8]) {
        var best = 0 ..< 0
        var start = 0
        for index in 0 ... 8 where index == 8 || group(index) != 0 {
            if index - start > max(best.count, 1) { best = start ..< index }
            start = index + 1
        }
        var index = 0
        while index < 8 {
            if !best.isEmpty, index == best.lowerBound {
                output.append(0x3A)
                output.append(0x3A)
                index = best.upperBound
                continue
            }
            if index > 0, index != best.upperBound || best.isEmpty { output.append(0x3A) }
            Hex.append(group(index), to: &output)
            index += 1
        }
    }
}
