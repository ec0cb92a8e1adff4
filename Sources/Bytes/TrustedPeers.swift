/// The peers whose word about a client is taken: proxies that the operator named.
package struct TrustedPeers: Hashable, Sendable {
    package let ranges: AddressRangeList
    /// Whether whoever can open a Unix socket of ours is trusted. The socket's permissions say who that is.
    package let includesUnixSockets: Bool

    package init(ranges: AddressRangeList = AddressRangeList(), includesUnixSockets: Bool = false) {
        self.ranges = ranges
        self.includesUnixSockets = includesUnixSockets
    }

    package var isEmpty: Bool { ranges.isEmpty && !includesUnixSockets }

    /// - Parameter peer: nil for a peer on a Unix socket, which has no address.
    package func contains(_ peer: IPAddress?) -> Bool {
        guard let peer else { return includesUnixSockets }
        return ranges.contains(peer)
    }
}
