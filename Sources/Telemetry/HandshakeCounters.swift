/// TLS handshakes of one worker, by how they ended.
package final class HandshakeCounters: Sendable {
    package enum Outcome: String, Sendable, CaseIterable {
        case established, failed, unfinished
        /// Given up as the oldest of too many: somebody floods.
        case pushedOut = "pushed_out"
    }

    private let counters: [Counter]

    init(_ registry: MetricsRegistry) {
        counters = Outcome.allCases.map { outcome in
            registry.counter(
                "sluice_tls_handshakes_total", help: "TLS handshakes by how they ended.",
                labels: [("outcome", outcome.rawValue)])
        }
    }

    package func add(_ outcome: Outcome) {
        for (index, each) in Outcome.allCases.enumerated() where each == outcome { counters[index].add() }
    }
}
