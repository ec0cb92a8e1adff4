package import TLS

/// What became of a TLS handshake.
package enum HandshakeOutcome: Equatable, Sendable {
    case established
    case failed(TLSFailure)
    /// The client went away, or the time was over.
    case unfinished
    /// It was the oldest of too many.
    case pushedOut
}

/// A connection's engine, from its first byte on, and what is to be remembered beside it.
final class TLSSession {
    let engine: TLSEngine
    /// By which the worker knows its handshake.
    var handshakeNumber: UInt64 = 0
    /// The peer has said that it sends no more.
    var isClosedByPeer = false
    /// What the engine had to say by itself while the client took nothing.
    var unaskedBytes = 0

    /// nil: there is no memory for it.
    init?(_ context: TLSContext) {
        guard let engine = TLSEngine(context) else { return nil }
        self.engine = engine
    }
}
