package import Bytes

/// Turns callers into the keys of a ``RateTable``.
///
/// The hash is keyed by a random seed that the process draws at its start and tells nobody. Without it an attacker
/// could compute addresses that fall into one set with a victim's, and drive its bucket out or share it. `Hasher` is
/// seeded by the process too, but its algorithm is not promised, `SWIFT_DETERMINISTIC_HASHING` turns its seed off, and
/// no test could hold its values.
package struct RateKeys: Sendable {
    /// What is hashed is told apart by its first word, should two kinds ever share a table.
    private enum Kind: UInt64 {
        case address = 1
        case unixPeer
        case subject
    }

    private let seed: (UInt64, UInt64)
    private let v6PrefixBits: Int

    /// - Parameters:
    ///   - seed: 128 random bits, of a generator that is fit for keys.
    ///   - v6PrefixBits: how much of an IPv6 address is one caller, 32 to 128. A household or a server gets a /64 at
    ///     the least (RFC 6177), so anything longer gives each of them as many buckets as it likes.
    package init(seed: (UInt64, UInt64), v6PrefixBits: Int = 64) {
        self.seed = seed
        self.v6PrefixBits = min(max(v6PrefixBits, 32), 128)
    }

    /// The key of an IPv4 address, or of the prefix of an IPv6 one; nil, peers on Unix sockets, are one caller.
    package func key(address: IPAddress?) -> UInt64 {
        let nothing: [UInt8] = []
        guard let address else { return hash(.unixPeer).finish(nothing.span) }
        let caller = address.isV4 ? address : address.masked(prefixBits: v6PrefixBits)
        var hash = hash(.address)
        hash.append(caller.upper)
        hash.append(caller.lower)
        return hash.finish(nothing.span)
    }

    /// The key of a token's `sub`.
    package func key(subject: String) -> UInt64 {
        hash(.subject).finish(subject.utf8Span.span)
    }

    private func hash(_ kind: Kind) -> SipHash {
        var hash = SipHash(seed.0, seed.1)
        hash.append(kind.rawValue)
        return hash
    }
}
