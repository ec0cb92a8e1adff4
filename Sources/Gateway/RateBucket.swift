/// One token bucket, as the generic cell rate algorithm keeps it (ITU-T I.371): not a count of tokens that something
/// has to refill, but the time at which the bucket will be full again.
struct RateBucket: Equatable, Sendable {
    /// Nanoseconds; in the past for a full bucket.
    private(set) var fullAt: Int64 = 0

    /// Takes a token if there is one.
    ///
    /// A clock that went backwards finds the bucket empty at worst, never emptier: nobody is locked out for longer
    /// than one token takes to come.
    mutating func admit(_ limit: RateLimit, nowMicroseconds: Int64) -> RateVerdict {
        let now = Self.nanoseconds(nowMicroseconds)
        fullAt = min(max(fullAt, now), now + limit.spanNanoseconds)
        let next = fullAt + limit.intervalNanoseconds
        let excess = next - (now + limit.spanNanoseconds)
        guard excess > 0 else {
            fullAt = next
            return .admitted
        }
        return .refused(retryAfterSeconds: Int((excess + 999_999_999) / 1_000_000_000))
    }

    /// 2^51 microseconds are 71 years of a monotonic clock, and leave room for the longest span.
    private static let microsecondsMax: Int64 = 1 << 51

    /// A time before the clock's beginning is its beginning.
    private static func nanoseconds(_ microseconds: Int64) -> Int64 {
        min(max(microseconds, 0), microsecondsMax) * 1_000
    }
}

/// One bucket for everybody together.
package struct GlobalRate: Sendable {
    private let limit: RateLimit
    private var bucket = RateBucket()

    package init(_ limit: RateLimit) { self.limit = limit }

    /// - Parameter nowMicroseconds: of a monotonic clock.
    package mutating func admit(nowMicroseconds: Int64) -> RateVerdict {
        bucket.admit(limit, nowMicroseconds: nowMicroseconds)
    }
}
