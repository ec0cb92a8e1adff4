/// What is known of the store's condition, for `/readyz`.
///
/// It is learned from the uploads themselves. Trouble is forgotten after a while without news: whoever sends no
/// requests to a server that says it is not ready would never see it heal.
struct StoreHealth {
    /// The trouble of each worker that has any: one's success says nothing of another's connections.
    private var troubles: [Int: (text: String, at: Int64)] = [:]

    /// How long trouble counts without being confirmed.
    static let troubleMilliseconds: Int64 = 15_000

    mutating func report(_ condition: StoreCondition, worker: Int, now: Int64) {
        switch condition {
        case .good: troubles[worker] = nil
        case .unavailable(let detail), .refusing(let detail): troubles[worker] = (detail, now)
        }
    }

    /// `ok`, or what is wrong.
    func readiness(now: Int64) -> String {
        let fresh = troubles.values.filter { now - $0.at < Self.troubleMilliseconds }
        return fresh.max { $0.at < $1.at }?.text ?? "ok"
    }
}
