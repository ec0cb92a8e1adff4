/// How a catalog runs. The daemon takes the defaults; tests shorten the times and narrow the file.
package struct CatalogConfiguration: Sendable {
    package var queueEntriesMax = CatalogLimits.queueEntriesMax
    package var readsMax = CatalogLimits.readsMax
    package var deferredEntriesMax = CatalogLimits.deferredEntriesMax
    package var busyMilliseconds = CatalogLimits.busyMilliseconds
    package var retryMilliseconds = CatalogLimits.retryMilliseconds
    package var soundnessMilliseconds = CatalogLimits.soundnessMilliseconds
    package var idleMilliseconds = CatalogLimits.idleMilliseconds
    package var stallMilliseconds = CatalogLimits.stallMilliseconds
    package var roomBytes = CatalogLimits.roomBytes
    package var checkBytesMax = CatalogLimits.checkBytesMax
    /// After how long an image that nobody registers is deleted; nil: never.
    package var unregisteredMilliseconds: Int64?
    package var idempotency = IdempotencyLimits()
    /// Statements that each new connection runs before it is used.
    package var connectionSetUp = ""

    package init() {}
}
