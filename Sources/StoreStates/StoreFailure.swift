/// Why a step failed.
package struct StoreFailure: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Step: String, Sendable {
        case create, part, complete, put, abort
    }

    package enum Kind: Sendable {
        /// The store cannot be reached or is overloaded: it may work later.
        case unavailable
        /// The store says no: rights, credentials, bucket, clock. It needs the operator.
        case refused
        /// The answer was lost: the step may have happened. For `complete`: the object may be there, the record must
        /// stay `completing`. For `put`: it may be there or come to be.
        case ambiguous
        /// The body's source failed or ended early; not the store's doing.
        case clientSide
    }

    package let step: Step
    package let kind: Kind
    /// One line for the operator: what the store or the network said, and what to do where that is known.
    package let detail: String
    /// The store's own error code (`SlowDown`, `AccessDenied`), where there was one.
    package let code: String?

    package init(step: Step, kind: Kind, detail: String, code: String? = nil) {
        self.step = step
        self.kind = kind
        self.detail = detail
        self.code = code
    }

    package var description: String { "\(step.rawValue): \(detail)" }
}
