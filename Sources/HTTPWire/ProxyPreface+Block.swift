internal import Bytes

/// Version 2: sixteen bytes, then addresses and extensions.
extension ProxyPreface {
    static func parseBlock(_ bytes: Span<UInt8>) -> ProxyPrefaceVerdict {
        guard bytes.count > 12 else { return .incomplete }
        // § 2.2: the high half is the version; 0 is LOCAL, 1 is PROXY, and the rest is to be refused.
        guard bytes[12] == 0x20 || bytes[12] == 0x21 else { return .malformed }
        let isLocal = bytes[12] == 0x20
        guard bytes.count > 13 else { return .incomplete }
        // § 2.2: LOCAL comes with any family, which is not looked at.
        guard let family = isLocal ? Family.none : Family(bytes[13]) else { return .malformed }
        guard bytes.count >= headerBytes else { return .incomplete }
        let blockBytes = Int(bytes[14]) << 8 | Int(bytes[15])
        guard blockBytes <= blockBytesMax, blockBytes >= family.addressBytes else { return .malformed }
        guard bytes.count >= headerBytes + blockBytes else { return .incomplete }
        let block = bytes.extracting(headerBytes ..< headerBytes + blockBytes)
        return .present(source: family.source(block), consumed: headerBytes + blockBytes)
    }

    /// What the addresses are of.
    private enum Family {
        case tcp4
        case tcp6
        /// UDP and Unix sockets: a connection that is not of this server's kind is as good as an unknown one.
        case other(addressBytes: Int)
        /// UNSPEC, in either half: § 2.2 lets the receiver accept it, and the addresses are not to be looked at.
        case none

        /// The high half is the family, the low one the protocol; § 2.2 refuses what it does not list.
        init?(_ byte: UInt8) {
            switch (byte >> 4, byte & 15) {
            case (1, 1): self = .tcp4
            case (2, 1): self = .tcp6
            case (1, 2): self = .other(addressBytes: 12)
            case (2, 2): self = .other(addressBytes: 36)
            case (3, 1), (3, 2): self = .other(addressBytes: 216)
            case (0, 0 ... 2), (1 ... 3, 0): self = .none
            default: return nil
            }
        }

        /// Source address, destination address, source port, destination port.
        var addressBytes: Int {
            switch self {
            case .tcp4: 12
            case .tcp6: 36
            case .other(let addressBytes): addressBytes
            case .none: 0
            }
        }

        /// What is behind the addresses are extensions (§ 2.2.1), and none of them is needed here.
        func source(_ block: Span<UInt8>) -> ProxySource? {
            switch self {
            case .tcp4:
                let address = IPAddress(v4: UInt32(truncatingIfNeeded: Self.number(block, 0 ..< 4)))
                return ProxySource(address: address, port: UInt16(truncatingIfNeeded: Self.number(block, 8 ..< 10)))
            case .tcp6:
                let address = IPAddress(upper: Self.number(block, 0 ..< 8), lower: Self.number(block, 8 ..< 16))
                return ProxySource(address: address, port: UInt16(truncatingIfNeeded: Self.number(block, 32 ..< 34)))
            case .other, .none:
                return nil
            }
        }

        /// In network order.
        private static func number(_ bytes: Span<UInt8>, _ range: Range<Int>) -> UInt64 {
            var value: UInt64 = 0
            for index in range { value = value << 8 | UInt64(bytes[index]) }
            return value
        }
    }
}
