/// What is known of the store's condition, for `/readyz`.
///
/// It is learned from the uploads themselves. Trouble is forgotten after a while without news: whoever sends no
/// requests to a server that says it is not ready would never see it heal.
struct StoreHealth {
    private var trouble: (text: String, at: Int64)?

    /// How long trouble counts without being confirmed.
    static let troubleMilliseconds: Int64 = 15_000

    mutating func report(_ condition: StoreCondition, now: Int64) {
        switch condition {
        case .good: trouble = nil
        case .unavailable(let detail), .refusing(let detail): trouble = (detail, now)
        }
    }

    /// `ok`, or what is wrong.
    func readiness(now: Int64) -> String {
        guard let trouble, now - trouble.at < Self.troubleMilliseconds else { return "ok" }
        return trouble.text
    }
}
