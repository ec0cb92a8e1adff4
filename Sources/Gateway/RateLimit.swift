/// How often something may happen: a steady rate, and how much of it at once.
package struct RateLimit: Hashable, Sendable {
    /// More at once than any rate here lets through in a quarter of an hour; with the longest interval it is two
    /// years, so that no sum of times comes near 64 bits.
    package static let burstMax = 1_000_000

    /// Between two events at the steady rate. Rounded up, so that the rate is never above what was asked for.
    let intervalNanoseconds: Int64
    /// From an empty bucket to a full one.
    let spanNanoseconds: Int64

    /// - Parameters:
    ///   - ratePerSecond: 1 or more; less counts as 1.
    ///   - burst: how many may come at once after a rest, 1 to ``burstMax``; what is outside counts as the nearest.
    package init(ratePerSecond: Int, burst: Int) { self.init(rate: ratePerSecond, perSeconds: 1, burst: burst) }

    /// The same by the minute.
    package init(ratePerMinute: Int, burst: Int) { self.init(rate: ratePerMinute, perSeconds: 60, burst: burst) }

    private init(rate: Int, perSeconds seconds: Int64, burst: Int) {
        let nanoseconds = seconds * 1_000_000_000
        let (whole, rest) = nanoseconds.quotientAndRemainder(dividingBy: Int64(max(rate, 1)))
        intervalNanoseconds = whole + (rest > 0 ? 1 : 0)
        spanNanoseconds = intervalNanoseconds * Int64(min(max(burst, 1), Self.burstMax))
    }
}

/// Whether an event may happen now.
package enum RateVerdict: Equatable, Sendable {
    case admitted
    /// Not before so many seconds; 1 or more, as `Retry-After` wants it.
    case refused(retryAfterSeconds: Int)
}
