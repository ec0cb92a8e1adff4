/// Where a request that is being sent and its answer stand, and what follows from what happens next (RFC 9112 § 9,
/// RFC 9110 § 10.1.1). Knows neither bytes nor clocks.
struct ExchangeState {
    enum Outcome: Equatable {
        /// More has to come.
        case goesOn
        /// The answer counts. `keeps`: the connection may carry another request.
        case answered(keeps: Bool)
        /// Sent once more without asking: the server does not know `Expect` (417).
        case asksNoMore
        /// A yes to a request that was not sent: it says nothing.
        case answeredTooEarly
        /// The connection ended before the answer did.
        case lost
    }

    private enum Sending {
        /// The head is out and asks whether the body is wanted.
        case asking
        case going
        case whole
        /// Given up: the rest of the body is not wanted, or cannot be had by the server.
        case cutShort
    }

    private var sending: Sending
    /// Of the final answer.
    private(set) var status: Int?
    private var keepsAlive = false
    private var isAnswered = false
    private let hasAsked: Bool

    /// - Parameter asksFirst: the head has `Expect: 100-continue`.
    init(asksFirst: Bool) {
        sending = asksFirst ? .asking : .going
        hasAsked = asksFirst
    }

    /// Whether bytes of the body may be sent now.
    var sends: Bool {
        if case .going = sending { true } else { false }
    }

    /// Whether the body waits for a word of the server.
    var isAsking: Bool {
        if case .asking = sending { true } else { false }
    }

    /// The server wants the body (100), or has let the time pass in which it could have refused it.
    mutating func continued() {
        if isAsking { sending = .going }
    }

    /// Head and body have gone to the connection.
    mutating func sent() -> Outcome {
        sending = .whole
        return settled
    }

    /// Whether bytes of the body are still wanted, now or once the server has said so.
    var wantsBody: Bool { sends || isAsking }

    /// No more can be sent; an answer may still be there.
    mutating func sendingBroke() {
        if wantsBody { sending = .cutShort }
    }

    /// The head of the final answer. One that is no yes ends the sending (RFC 9112 § 9.5).
    mutating func head(status: Int, keepsAlive: Bool) -> Outcome {
        self.status = status
        self.keepsAlive = keepsAlive
        guard wantsBody else { return .goesOn }
        if status == 417, hasAsked { return .asksNoMore }
        sending = status >= 300 ? .cutShort : .going
        return .goesOn
    }

    /// The answer is complete.
    ///
    /// - Parameter keeps: nothing stands behind it that answers nothing.
    mutating func answerEnded(keeps: Bool) -> Outcome {
        isAnswered = true
        keepsAlive = keepsAlive && keeps
        return settled
    }

    /// The connection is gone, after an answer's end where that is how it ends.
    func connectionEnded() -> Outcome {
        isAnswered ? .answeredTooEarly : .lost
    }

    private var settled: Outcome {
        guard isAnswered, let status else { return .goesOn }
        switch sending {
        case .whole: return .answered(keeps: keepsAlive)
        case .cutShort: return status >= 300 ? .answered(keeps: false) : .answeredTooEarly
        // Who says that this is the end of the connection does not wait for the rest.
        case .asking, .going: return keepsAlive ? .goesOn : .answeredTooEarly
        }
    }
}
