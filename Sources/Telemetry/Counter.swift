internal import Synchronization

/// A count that only grows. It belongs to one thread, which alone adds to it, without any locked instruction; any
/// may read it. Several counters of one name and labels, one for each worker, are summed when they are read.
package final class Counter: Sendable {
    private let count = Atomic<UInt64>(0)

    package init() {}

    /// Adds; for the owning thread alone.
    package func add(_ amount: UInt64 = 1) {
        count.store(count.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }

    package var value: UInt64 { count.load(ordering: .relaxed) }
}
