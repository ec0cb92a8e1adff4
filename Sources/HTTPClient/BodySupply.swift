/// What ``RequestBodySource/next(_:)`` has to say.
package enum BodySupply: Sendable {
    /// `take` was called and took bytes.
    case supplied
    /// Nothing now: the transfer pauses until ``HTTPTransfer/resume()``.
    case pending
    /// No bytes are left. Before the declared length is reached this fails the transfer.
    case end
    /// The bytes cannot be had: the transfer ends as ``HTTPFailure/Kind/bodySource``.
    case failed
}
