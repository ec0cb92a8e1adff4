/// A token bucket for each of many callers, in memory that does not grow with them.
///
/// The table is set-associative: a key belongs to one set of eight entries, and a new key in a full set takes the
/// place of the entry whose bucket is nearest to full. That one loses least: a bucket that is full again is as good as
/// none. So a caller that has used up its burst stays refused while the table is sprayed with keys, until the seven
/// others of its set are all emptier than it; and keys cannot be chosen to fall into its set, see ``RateKeys``. What
/// an eviction gives away is at most the burst of the evicted key. Whoever uses up the bursts of more addresses than
/// the table has entries wins by that, and is met by ``GlobalRate``. With a burst of 1 all used buckets are alike, and
/// the oldest goes first.
///
/// A newcomer is never refused for want of room: the table fails open, since the other way an attacker with many
/// addresses could lock everybody out.
package struct RateTable: Sendable {
    private struct Entry {
        var key: UInt64 = 0
        var bucket = RateBucket()
    }

    /// Entries that a key may stand in; 128 bytes, two cache lines.
    static let ways = 8
    /// 256 MiB.
    private static let entriesCeiling = 1 << 24

    private let limit: RateLimit
    private let setMask: UInt64
    private var entries: [Entry]

    /// - Parameter entriesMax: rounded down to a power of two, at least one set. An entry takes 16 bytes: the default
    ///   is 1 MiB.
    package init(_ limit: RateLimit, entriesMax: Int = 65_536) {
        let sets = max(min(entriesMax, Self.entriesCeiling) / Self.ways, 1)
        let bits = Int.bitWidth - 1 - sets.leadingZeroBitCount
        self.limit = limit
        setMask = (1 << UInt64(bits)) - 1
        entries = Array(repeating: Entry(), count: Self.ways << bits)
    }

    /// How many keys it holds at most; all of that is allocated from the beginning.
    package var capacity: Int { entries.count }

    /// Takes a token of the bucket of `key`, which is a keyed hash.
    ///
    /// - Parameter nowMicroseconds: of a monotonic clock; any value has an answer.
    package mutating func admit(key: UInt64, nowMicroseconds: Int64) -> RateVerdict {
        let first = Int(key & setMask) * Self.ways
        var place = first
        for index in first ..< first + Self.ways {
            // An entry that was never used has the key 0 and a full bucket, which is what a new key gets.
            if entries[index].key == key { return entries[index].bucket.admit(limit, nowMicroseconds: nowMicroseconds) }
            if entries[index].bucket.fullAt < entries[place].bucket.fullAt { place = index }
        }
        entries[place] = Entry(key: key)
        return entries[place].bucket.admit(limit, nowMicroseconds: nowMicroseconds)
    }
}
