/// What recovery, the expiry of images and the sweep count.
package final class RecoveryMetrics: Sendable {
    /// Rows by how they ended, and how much is in hand now.
    private let rows: [String: Counter]
    private let backlog: Gauge
    private let kept: Gauge
    /// Looks at all that the dead have left that came to their end.
    package let passes: Counter
    package let swept: Counter
    package let sweeps: Counter

    /// - Parameter fates: the ends that a row may come to.
    package init(_ registry: MetricsRegistry, fates: [String]) {
        var rows: [String: Counter] = [:]
        for fate in fates {
            rows[fate] = registry.counter(
                "sluice_recovery_rows_total",
                help: "Rows that recovery and expiry have settled, by how they ended.", labels: [("outcome", fate)])
        }
        self.rows = rows
        backlog = registry.gauge("sluice_recovery_backlog", help: "Rows that recovery has in hand.")
        kept = registry.gauge(
            "sluice_recovery_kept", help: "Rows in hand whose last request to the store settled nothing.")
        passes = registry.counter(
            "sluice_recovery_passes_total", help: "Looks at all rows of dead processes that came to their end.")
        swept = registry.counter(
            "sluice_sweep_aborted_total", help: "Unfinished uploads in the store that no row knew, aborted.")
        sweeps = registry.counter("sluice_sweeps_total", help: "Sweeps of the store that came to their end.")
    }

    package func settled(_ fate: String) { rows[fate]?.add() }

    package func set(backlog count: Int, kept keptCount: Int) {
        backlog.set(Int64(count))
        kept.set(Int64(keptCount))
    }
}
