internal import Bytes
internal import Crypto
package import Gateway
internal import Synchronization

/// The rates at which callers may ask, counted for all workers together: whoever opens a second connection may land on
/// another worker, and has no second budget there.
///
/// It is the one thing that workers write to in common on the way of a request. A lock is held for the look at eight
/// entries, some tens of nanoseconds, and never while anything is waited for; a limit that is off takes none.
package final class RateGate: Sendable {
    private let keys: RateKeys
    private let everybody: Shared<GlobalRate>?
    private let addresses: Shared<RateTable>?
    private let subjects: Shared<RateTable>?
    private let guestTokens: Shared<RateTable>?

    /// A value behind a lock. A class, since Swift 6.3 reads a `Mutex` in an optional as if it were empty.
    private final class Shared<Value: Sendable>: Sendable {
        let value: Mutex<Value>

        init(_ value: sending Value) { self.value = Mutex(value) }
    }

    /// What may be limited; nil: as often as they like.
    package struct Limits: Equatable, Sendable {
        /// All requests together.
        package var everybody: RateLimit?
        /// Those of one address, or of one IPv6 prefix.
        package var address: RateLimit?
        /// Those of one token's `sub`.
        package var subject: RateLimit?
        /// Guest tokens for one address.
        package var guestTokens: RateLimit?
        package var v6PrefixBits = 64

        package init() {}
    }

    package init(_ limits: Limits) {
        let seed = SecureRandom.uint64s(2)
        keys = RateKeys(seed: (seed[0], seed[1]), v6PrefixBits: limits.v6PrefixBits)
        everybody = limits.everybody.map { Shared(GlobalRate($0)) }
        addresses = limits.address.map { Shared(RateTable($0)) }
        subjects = limits.subject.map { Shared(RateTable($0)) }
        guestTokens = limits.guestTokens.map { Shared(RateTable($0, entriesMax: Self.guestEntriesMax)) }
    }

    /// Counts a request of `caller`; nil, a peer on a Unix socket of whom nobody says more, is not limited by address:
    /// it stands for all clients of a proxy.
    ///
    /// The address is asked first, so that one that asks too often does not use up what everybody shares.
    func admit(_ caller: IPAddress?, nowMicroseconds now: Int64) -> RateVerdict {
        if let caller, let addresses {
            let key = keys.key(address: caller)
            let verdict = addresses.value.withLock { $0.admit(key: key, nowMicroseconds: now) }
            guard case .admitted = verdict else { return verdict }
        }
        guard let everybody else { return .admitted }
        return everybody.value.withLock { $0.admit(nowMicroseconds: now) }
    }

    /// 256 KiB. A table of its own, since a bucket belongs to one limit.
    private static let guestEntriesMax = 16_384

    /// Counts a guest token for `caller`. Peers on a Unix socket of whom nobody says more are one caller, as all
    /// clients of a proxy are that is not trusted: nothing else bounds these requests.
    func admitGuestToken(_ caller: IPAddress?, nowMicroseconds now: Int64) -> RateVerdict {
        guard let guestTokens else { return .admitted }
        let key = keys.key(address: caller)
        return guestTokens.value.withLock { $0.admit(key: key, nowMicroseconds: now) }
    }

    /// Counts a request of the token's `subject`.
    func admit(subject: String, nowMicroseconds now: Int64) -> RateVerdict {
        guard let subjects else { return .admitted }
        let key = keys.key(subject: subject)
        return subjects.value.withLock { $0.admit(key: key, nowMicroseconds: now) }
    }
}
