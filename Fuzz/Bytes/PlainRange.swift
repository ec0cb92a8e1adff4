internal import Bytes
internal import FuzzBasics

/// Blocks of addresses and the texts of addresses, bit by bit and group by group.
enum PlainRange {
    /// All bits of an address, an IPv4 one in its mapped form.
    static func bits(_ address: IPAddress) -> UInt128 { UInt128(address.upper) << 64 | UInt128(address.lower) }

    /// How many bits of the mapped form stand before those of the family.
    private static func shift(_ address: IPAddress) -> Int { address.isV4 ? 96 : 0 }

    /// The first `count` bits of an address, counted within its family, and noughts.
    static func masked(_ address: IPAddress, _ count: Int) -> UInt128 {
        var kept: UInt128 = 0
        for place in 0 ..< min(128, shift(address) + max(count, 0)) {
            kept |= bits(address) & (1 << UInt128(127 - place))
        }
        return kept
    }

    static func isV4(_ bits: UInt128) -> Bool { bits >> 32 == 0xFFFF }

    enum Verdict: Equatable {
        case range(IPAddress, Int)
        case noAddress, mapped, prefix
        case hostBits
    }

    static func read(_ text: String) -> Verdict {
        let parts = text.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let address = PlainAuthority.address(parts[0]) else { return .noAddress }
        let bitsMax = address.isV4 ? 32 : 128
        guard parts.count == 2 else { return .range(address, bitsMax) }
        guard !address.isV4 || !parts[0].contains(":") else { return .mapped }
        guard let count = Int(parts[1]), String(count) == parts[1], (0 ... bitsMax).contains(count)
        else { return .prefix }
        return masked(address, count) == bits(address) ? .range(address, count) : .hostBits
    }

    /// RFC 5952: the groups in hexadecimal, the first of the longest runs of two or more noughts left out.
    static func text(_ address: IPAddress) -> String {
        let bits = bits(address)
        if isV4(bits) {
            return (0 ..< 4).map { String((bits >> UInt128(24 - 8 * $0)) & 255) }.joined(separator: ".")
        }
        let groups = (0 ..< 8).map { String((bits >> UInt128(112 - 16 * $0)) & 0xFFFF, radix: 16) }
        for length in (2 ... 8).reversed() {
            for start in 0 ... 8 - length where groups[start ..< start + length].allSatisfy({ $0 == "0" }) {
                return groups[..<start].joined(separator: ":") + "::"
                    + groups[(start + length)...].joined(separator: ":")
            }
        }
        return groups.joined(separator: ":")
    }
}
