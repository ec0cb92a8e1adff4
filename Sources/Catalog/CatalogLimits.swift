/// The bounds of the catalog.
package enum CatalogLimits {
    /// Entries that wait for the writer. At a millisecond of disk for a batch this is far more than ever waits; a disk
    /// that stands still fills it, and uploads are refused then.
    package static let queueEntriesMax = 8_192
    /// Looks that wait for the reader, which does some tens of thousands a second: what waits longer than a tenth of a
    /// second is refused.
    package static let readsMax = 4_096
    /// Entries of one transaction: bounds how long the first of a burst waits for the last.
    static let batchEntriesMax = 256
    /// How long the writer gathers, asleep to all that comes, while several uploads at once wait for it: fewer, larger
    /// commits, for a latency that is small beside what such a load makes anyway. An upload alone is never made to
    /// wait, and the more are under way the longer each takes.
    static let gatherMilliseconds: Int32 = 1
    static let gatherMillisecondsMax: Int32 = 8
    /// For so many uploads under way the writer gathers a millisecond.
    static let gatherUploadsPerMillisecond = 8
    /// So many uploads under way are told apart; beyond them the count begins anew.
    static let underWayMax = 65_536
    /// It gathers no longer once all but one in so many of those under way wait: there is little more to win. At a
    /// half, groups of sixteen uploads became so small that they cost more than without this end.
    static let gatherUploadsPerMissing = 4
    /// Fewer that wait are never enough to end it.
    static let gatherEnoughMin = 2
    /// The mean number of waiting uploads in a batch from which on it gathers.
    static let gatherWaitersMin = 1.75
    /// How long what nobody waits for, the end of an upload above all, waits for a write that it can be written with,
    /// while the writer gathers.
    /// Recovery finds the same as it would have found just before.
    static let lingerMilliseconds: Int32 = 5
    /// A synced transaction that takes less on average is shared by those who need no sync: they wait no longer for it
    /// than for the one before.
    static let cheapSyncMicroseconds = 2_000.0
    /// Lazy entries kept while the database cannot write. Beyond it they are dropped, and left to recovery.
    static let deferredEntriesMax = 16_384
    /// Rows of writes beyond that, remembered for recovery; those beyond are found by the next start.
    static let leftRowsMax = 65_536
    /// Openings whose failed commit may be found in the file after all, looked for when it is opened again.
    static let uncertainOpeningsMax = 1_024
    /// Pages in the log after which the writer checkpoints between two batches: 4 MiB, SQLite's own default.
    static let walPagesMax = 1_000
    /// A rest without entries after which the log is checkpointed, however short it is.
    static let idleMilliseconds: Int32 = 2_000
    /// The pause between two attempts to write again after an error.
    static let retryMilliseconds: Int64 = 1_000
    /// The same while the file is damaged: each attempt reads all of it.
    static let soundnessMilliseconds: Int64 = 30_000
    /// The room that a full disk must have again before uploads are let in: some hundred rows. Without it a disk with
    /// a page to spare would let one upload in, fail it, and so on.
    static let roomBytes = 65_536
    /// A file of no more than this is looked through for damage at the start, which takes about a second when nothing
    /// of it is cached; `sluice doctor` looks through any.
    static let checkBytesMax: Int64 = 256 << 20
    /// The writer has been at one batch for so long: the disk stands still, and uploads are refused until it is done.
    static let stallMilliseconds: Int64 = 2_000
    /// How long a statement waits for another process. Ours hold no lock for longer than a commit or a checkpoint.
    static let busyMilliseconds: Int32 = 5_000
    /// How long an answer is offered to a full mailbox. Its owner gave it room for all that it may ask, so it is full
    /// only when that is wrong, or its thread hangs.
    static let answerAttemptsMax = 1_000
    static let answerPauseMilliseconds: Int32 = 1
}
