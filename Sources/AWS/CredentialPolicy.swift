/// When credentials are fetched.
package struct CredentialPolicy: Sendable {
    /// How long before their end credentials are replaced, where they live for an hour or more; shorter ones are
    /// replaced when a quarter of their life is left. The instance's metadata has new ones five minutes ahead, the
    /// others hand out fresh ones whenever they are asked.
    package var leadMillisecondsMax: Int64 = 900_000

    /// Credentials of which nobody says how long they live are looked at again after this: a file may have been
    /// written anew.
    package var recheckMilliseconds: Int64 = 300_000

    /// At least this long between a success and the next fetch, for a source that hands out what is about to end.
    package var refreshGapMilliseconds: Int64 = 1_000

    /// Between two fetches that complaints about expired credentials caused.
    package var earlyRefreshGapMilliseconds: Int64 = 30_000

    /// Wait after the first failure; it doubles with each further one, and between a half and the whole is waited.
    package var retryMilliseconds: Int64 = 1_000

    /// The longest wait after a failure: whoever repairs a right or a file does not want to wait for long.
    package var retryMillisecondsMax: Int64 = 30_000

    package init() {}

    /// Waiting time after `failures` ≥ 1 failures in a row.
    func retryDelay(failures: Int, random: UInt64) -> Int64 {
        RetryPause.milliseconds(
            failures: failures, first: retryMilliseconds, longest: retryMillisecondsMax, random: random)
    }

    /// When to replace credentials that live for so long. A third of the lead is jitter, so that a fleet that was
    /// started at once does not ask at once.
    func refreshDelay(lifetimeMilliseconds: Int64?, random: UInt64) -> Int64 {
        guard let lifetimeMilliseconds else {
            let spread = max(recheckMilliseconds / 5, 1)
            return max(recheckMilliseconds - Int64(random % UInt64(spread)), refreshGapMilliseconds)
        }
        let lead = min(leadMillisecondsMax, lifetimeMilliseconds / 4)
        let jitter = Int64(random % UInt64(max(lead / 3, 1)))
        return max(lifetimeMilliseconds - lead - jitter, refreshGapMilliseconds)
    }
}
