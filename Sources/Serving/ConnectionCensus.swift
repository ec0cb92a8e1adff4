internal import Bytes
internal import Synchronization

/// How many connections each address has, over all workers, where that is bounded.
///
/// It holds an entry for each address that has a connection, so it is bounded by the connections themselves. The lock
/// is held for one look into a table, when a connection begins and when it ends.
package final class ConnectionCensus: Sendable {
    private let connectionsMax: Int
    private let v6PrefixBits: Int
    private let counts = Mutex<[IPAddress: Int]>([:])

    /// - Parameters:
    ///   - connectionsMax: connections of one address, or of one IPv6 prefix.
    ///   - v6PrefixBits: how much of an IPv6 address is one caller.
    package init(connectionsMax: Int, v6PrefixBits: Int) {
        self.connectionsMax = connectionsMax
        self.v6PrefixBits = v6PrefixBits
    }

    /// Counts one more connection; false, and nothing counted, when the address has as many as it may.
    func enter(_ address: IPAddress) -> Bool {
        let caller = caller(address)
        return counts.withLock { counts in
            let count = counts[caller, default: 0]
            guard count < connectionsMax else { return false }
            counts[caller] = count + 1
            return true
        }
    }

    /// One that was counted has ended.
    func leave(_ address: IPAddress) {
        let caller = caller(address)
        counts.withLock { counts in
            let count = counts[caller, default: 0] - 1
            counts[caller] = count > 0 ? count : nil
        }
    }

    /// Addresses that have a connection.
    var addressesCount: Int { counts.withLock { $0.count } }

    private func caller(_ address: IPAddress) -> IPAddress {
        address.isV4 ? address : address.masked(prefixBits: v6PrefixBits)
    }
}
