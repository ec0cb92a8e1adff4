/// The bounds of recovery.
package struct RecoveryLimits: Equatable, Sendable {
    /// Requests to the store at once: a few, beside those of uploads that somebody waits for.
    package var requestsAtOnceMax = 16
    /// Requests a second; S3 takes 3,500 for each prefix of keys, and other servers less.
    package var requestsPerSecondMax: Int64 = 200
    /// Rows in hand at once, half a kilobyte each. Half of them are for what uploads left, half for images whose time
    /// has come.
    package var rowsMax = 10_000
    /// Rows of one look into the record.
    package var pageRowsMax = 200
    /// Processes whose rows are in hand at once: each costs a descriptor.
    package var claimsMax = 64
    /// What is asked again waits a random time up to `retryBaseMilliseconds` × 2ⁿ, at most `retryCapMilliseconds`.
    package var retryBaseMilliseconds: Int64 = 500
    package var retryCapMilliseconds: Int64 = 300_000
    /// Complete and the look behind it are asked so often before the upload is taken back: within ten minutes. Nobody
    /// waits for them, but a store that is back after an outage shall find its Complete. So often, too, others of a key
    /// are looked for whose own upload is settled.
    package var patienceAttemptsMax = 12
    /// Steps that a row takes one right after the other; no walk that comes to an end has half as many. Some stores go
    /// on listing uploads that they do not know when they are to abort them: those steps wait like what is
    /// asked again, or end where the row's own upload is settled.
    package var stepsMax = 32
    /// A Create may be on its way to the store when its process dies: the list of uploads is not asked before.
    package var createSettleMilliseconds: Int64 = 2_000
    /// Between two looks for rows of other processes that have died meanwhile.
    package var passMilliseconds: Int64 = 60_000
    /// Between two looks for images whose time has come.
    package var dueMilliseconds: Int64 = 15_000
    /// How long a row that a living upload hands over waits: its last write may still be on its way.
    package var handOverMilliseconds: Int64 = 1_000
    /// Between two sweeps of unknown uploads.
    package var sweepMilliseconds: Int64 = 21_600_000
    /// Uploads that one sweep ends at most; the next goes on.
    package var sweepRemovalsMax = 10_000
    /// Pages of the list that one sweep reads at most: five million uploads. A list may name its pages in circles.
    package var sweepPagesMax = 10_000

    package init() {}
}
