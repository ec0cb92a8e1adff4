internal import Linux
internal import Synchronization

/// The catalog's health as every thread may read it.
final class CatalogStatus: Sendable {
    private let health = Mutex(CatalogHealth.ok)
    /// Since when the writer is at one batch, on the monotonic clock; 0: it waits for work.
    private let busySince = Atomic<Int64>(0)

    var current: CatalogHealth { health.withLock { $0 } }

    func set(_ new: CatalogHealth) { health.withLock { $0 = new } }

    /// For how long the writer has been at what it does now.
    var busyMilliseconds: Int64 {
        let since = busySince.load(ordering: .relaxed)
        return since == 0 ? 0 : Clock.monotonicMilliseconds() - since
    }

    func begins() { busySince.store(Clock.monotonicMilliseconds(), ordering: .relaxed) }

    func ends() { busySince.store(0, ordering: .relaxed) }

    /// Rows of which the last write, which nobody waits for, was not kept.
    private let leftRows = Mutex<[Int64]>([])

    /// Leaves the row of a lost write to recovery, where nothing of its upload can follow. Of one that still runs the
    /// row would say too little: recovery would abort it, or delete the object that it has become meanwhile.
    func leave(_ entry: JournalEntry) {
        guard entry.isLast, let row = entry.row else { return }
        leftRows.withLock { if $0.count < CatalogLimits.leftRowsMax { $0.append(row) } }
    }

    func takeLeftRows() -> [Int64] {
        leftRows.withLock { rows in
            defer { rows = [] }
            return rows
        }
    }
}
