/// What is known of the store's condition, for `/readyz`: the one place where it is told.
///
/// It is learned from the uploads and from each worker's circuit breaker. A breaker says by itself when the store is
/// back. Trouble of single uploads is forgotten after a while without news: whoever sends no requests to a server that
/// says it is not ready would never see it heal.
struct StoreHealth {
    private struct Trouble {
        var text: String
        var at: Int64
        var isLasting: Bool
    }

    /// The trouble of each worker that has any: one's success says nothing of another's connections.
    private var troubles: [Int: Trouble] = [:]

    /// How long the trouble of an upload counts without being confirmed.
    static let troubleMilliseconds: Int64 = 15_000

    mutating func report(_ condition: StoreCondition, worker: Int, now: Int64) {
        switch condition {
        case .good: troubles[worker] = nil
        case .unavailable(let detail), .refusing(let detail):
            troubles[worker] = Trouble(text: detail, at: now, isLasting: false)
        case .down(let detail): troubles[worker] = Trouble(text: "down: " + detail, at: now, isLasting: true)
        }
    }

    /// `ok`, or what is wrong.
    func readiness(now: Int64) -> String {
        let counting = troubles.values.filter { $0.isLasting || now - $0.at < Self.troubleMilliseconds }
        return counting.max { $0.at < $1.at }?.text ?? "ok"
    }
}
