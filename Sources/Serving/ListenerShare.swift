internal import Synchronization

/// How the connections of one listening socket are spread over the workers that share it.
///
/// The kernel wakes the same worker again and again as long as it is quick enough; one that has an eighth more than its
/// share rests, so that a worker's crypto and copying do not end up on one core.
package final class ListenerShare: Sendable {
    private let workers: Int
    private let connections = Atomic<Int>(0)

    package init(workers: Int) {
        self.workers = max(workers, 1)
    }

    /// The connections of all workers.
    package var connectionsCount: Int { connections.load(ordering: .relaxed) }

    func add(_ count: Int) { connections.add(count, ordering: .relaxed) }

    /// Whether a worker with so many is to let the others catch up. A handful is no imbalance.
    func isAboveShare(_ own: Int) -> Bool {
        guard workers > 1 else { return false }
        let share = connectionsCount / workers
        return own > share + share / 8 + 8
    }
}
