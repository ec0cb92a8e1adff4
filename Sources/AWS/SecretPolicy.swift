/// When the secret is fetched, and how long it serves.
package struct SecretPolicy: Sendable {
    /// Age at which a fetched secret ought to have been replaced. It is refreshed ahead of this, between 70 and 90 %
    /// of it, so that a fleet that was started at once does not ask at once.
    package var ttlMilliseconds: Int64 = 300_000

    /// How long the secret before a rotation is still accepted: tokens that were issued under it live about this long.
    package var graceMilliseconds: Int64 = 300_000

    /// Age up to which the last known secret serves while it cannot be refreshed.
    package var staleMillisecondsMax: Int64 = 43_200_000

    /// Between two refreshes that bad signatures caused, so that forged tokens do not become calls to SSM.
    package var earlyRefreshGapMilliseconds: Int64 = 30_000

    /// Wait after the first failure; it doubles with each further one, and between a half and the whole is waited.
    package var retryMilliseconds: Int64 = 1_000

    /// The longest wait after a failure.
    package var retryMillisecondsMax: Int64 = 60_000

    package init() {}

    /// Waiting time after `failures` ≥ 1 failures in a row.
    func retryDelay(failures: Int, random: UInt64) -> Int64 {
        RetryPause.milliseconds(
            failures: failures, first: retryMilliseconds, longest: retryMillisecondsMax, random: random)
    }

    /// Age at which a secret is refreshed: also with a TTL of a day so early that half of its life is left to bear
    /// failures in.
    func refreshDelay(random: UInt64) -> Int64 {
        let ttl = max(10, min(ttlMilliseconds, staleMillisecondsMax / 2))
        return ttl - ttl / 10 - Int64(random % UInt64(ttl / 5 + 1))
    }
}
