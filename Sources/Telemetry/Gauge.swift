internal import Synchronization

/// A number that goes up and down. It belongs to one thread, which alone changes it; any thread may read it.
package final class Gauge: Sendable {
    private let number = Atomic<Int64>(0)

    package init() {}

    /// For the owning thread alone.
    package func set(_ value: Int64) { number.store(value, ordering: .relaxed) }

    /// For the owning thread alone.
    package func add(_ amount: Int64) {
        number.store(number.load(ordering: .relaxed) &+ amount, ordering: .relaxed)
    }

    package var value: Int64 { number.load(ordering: .relaxed) }
}
