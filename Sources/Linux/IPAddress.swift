internal import Bytes
internal import CLinux

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

    /// Reads `127.0.0.1` or `2001:db8::1`, numeric only, without brackets, zone or port (inet_pton(3)).
    package init?(parsing text: Span<UInt8>) {
        guard text.count <= 45, let string = text.validatedText(), !string.utf8.contains(0) else { return nil }
        var v4 = in_addr()
        if unsafe inet_pton(AF_INET, string, &v4) == 1 {
            self.init(v4: UInt32(bigEndian: v4.s_addr))
            return
        }
        var v6 = in6_addr()
        guard unsafe inet_pton(AF_INET6, string, &v6) == 1 else { return nil }
        self = Self.value(of: v6)
    }

    package init?(parsing text: String) { self.init(parsing: text.utf8Span.span) }

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

    /// The bytes of the kernel's form. in6_addr is a union of integers; every bit pattern is an address.
    static func value(of address: in6_addr) -> IPAddress {
        var address = address
        return unsafe withUnsafeBytes(of: &address) { bytes in
            IPAddress(
                upper: UInt64(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: 0, as: UInt64.self)),
                lower: UInt64(bigEndian: unsafe bytes.loadUnaligned(fromByteOffset: 8, as: UInt64.self)))
        }
    }

    /// The kernel's form.
    var in6: in6_addr {
        var address = in6_addr()
        unsafe withUnsafeMutableBytes(of: &address) { bytes in
            unsafe bytes.storeBytes(of: upper.bigEndian, toByteOffset: 0, as: UInt64.self)
            unsafe bytes.storeBytes(of: lower.bigEndian, toByteOffset: 8, as: UInt64.self)
        }
        return address
    }
}
