/// What one worker counts of its store as a whole.
package final class StoreMetrics: Sendable {
    /// 1 while the circuit breaker is open.
    private let breakersOpen: Gauge
    private let breakersOpened: Counter
    /// Requests that were sent again after a pause, and that were not.
    package let retries: Counter
    package let retriesDenied: Counter
    /// Uploads that were refused by their head.
    package let turnedAway: Counter

    init(_ registry: MetricsRegistry) {
        breakersOpen = registry.gauge(
            "sluice_store_breakers_open", help: "Workers for which the object store is down now.")
        breakersOpened = registry.counter(
            "sluice_store_breakers_opened_total", help: "How often a worker found the object store down.")
        retries = registry.counter(
            "sluice_store_retries_total", help: "Requests to the object store that were sent again.")
        retriesDenied = registry.counter(
            "sluice_store_retries_denied_total",
            help: "Requests to the object store that were not sent again, it being down or too much being repeated.")
        turnedAway = registry.counter(
            "sluice_uploads_turned_away_total",
            help: "Uploads refused by their head since the object store was down.")
    }

    package func breakerOpened() {
        breakersOpen.add(1)
        breakersOpened.add()
    }

    package func breakerLeftOpen() { breakersOpen.add(-1) }
}
