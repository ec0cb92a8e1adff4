/// How many requests to one endpoint may be repetitions. A store in trouble would otherwise get every request as often
/// as attempts are allowed, which is what keeps it in trouble.
///
/// Every request that the store says yes to pays for a fifth of a repetition, and ten a second are free, so that a
/// worker with little traffic can repeat at all. So a healthy store's requests grow by a fifth at most.
package struct RetryBudget: Equatable, Sendable {
    /// Thousandths of a repetition.
    private static let perSuccess: Int64 = 200
    private static let perMillisecond: Int64 = 10
    private static let perRetry: Int64 = 1_000
    /// What a quiet time may save up: a burst of repetitions this long is no storm.
    package static let retriesMax: Int64 = 100

    private var balance = Self.retriesMax * Self.perRetry
    private var countedAt: Int64?

    package init() {}

    /// The store said yes.
    package mutating func succeeded() { add(Self.perSuccess) }

    /// Whether a repetition may be sent now; it is paid for by ``take()``.
    ///
    /// - Parameter now: milliseconds of a monotonic clock.
    package mutating func allows(now: Int64) -> Bool {
        // A pause longer than what fills it says no more.
        let fillMilliseconds = Self.retriesMax * Self.perRetry / Self.perMillisecond
        let (passed, isFar) = now.subtractingReportingOverflow(countedAt ?? now)
        add((isFar ? 0 : min(max(passed, 0), fillMilliseconds)) * Self.perMillisecond)
        countedAt = now
        return balance >= Self.perRetry
    }

    /// A repetition will be sent. What nobody may refuse (cleaning up) takes it into debt, no deeper than a second.
    package mutating func take() {
        balance = max(balance - Self.perRetry, -1_000 * Self.perMillisecond)
    }

    private mutating func add(_ amount: Int64) {
        balance = min(balance + amount, Self.retriesMax * Self.perRetry)
    }
}
