internal import Bytes
internal import HTTPWire
internal import TLS

/// The layer between the transport's bytes and those of HTTP, where the listener speaks TLS.
extension Connection {
    /// Whether the peer said close_notify. The end counts once whatever came before it was asked for.
    var isClosedByPeer: Bool { session?.isClosedByPeer ?? false }

    /// Takes bytes as the peer encrypted them.
    func takeCiphertext(_ input: [UInt8]) {
        guard let session = session ?? beginSession() else { return close() }
        var plaintext = worker.takePlaintext()
        var answer = worker.takeCiphertext()
        let progress = session.engine.receive(input.span, plaintext: &plaintext, output: &answer)
        if progress != .failed(.plainHTTP), !answer.isEmpty {
            sendRaw(answer.span)
            // A peer that makes the engine talk and does not listen.
            if !output.isEmpty { session.unaskedBytes += answer.count }
        }
        worker.giveBack(ciphertext: answer)
        if session.unaskedBytes > worker.limits.unaskedBytesMax { lose(.reset) }
        if !state.isClosed { advance(session, progress, plaintext) }
        worker.giveBack(plaintext: plaintext)
    }

    private func advance(_ session: TLSSession, _ progress: TLSProgress, _ plaintext: [UInt8]) {
        if session.engine.isEstablished, state.appetite == .handshake {
            state.handshakeComplete(now: now)
            worker.handshakeEnded(session.handshakeNumber, .established)
        }
        if !plaintext.isEmpty { takePlaintext(plaintext) }
        switch progress {
        case .handshaking, .established: break
        case .closedByPeer:
            // Without a handshake behind it there is nothing that could still be answered.
            if session.engine.isEstablished { session.isClosedByPeer = true } else { close() }
        case .failed(let failure): fail(session, failure)
        }
    }

    private func beginSession() -> TLSSession? {
        guard let context = listener.tlsContext, let made = TLSSession(context) else { return nil }
        made.handshakeNumber = worker.handshakeBegan(self)
        session = made
        return made
    }

    private func fail(_ session: TLSSession, _ failure: TLSFailure) {
        guard !state.isClosed else { return }
        worker.handshakeEnded(session.handshakeNumber, .failed(failure))
        guard state.appetite == .handshake else { return lose(.reset) }
        if failure == .plainHTTP { return refusePlainHTTP() }
        // The alert is on its way: like any last word it needs a client that comes to read it.
        state.handshakeFailed(now: now)
        shutdownWrite()
    }

    /// One plain answer to who speaks plain HTTP here: a person may read it.
    private func refusePlainHTTP() {
        session = nil
        speaksTLS = false
        guard let handler else { return close() }
        refuse(handler.wireRefusal(.badRequest(.plainHTTP), origin: nil))
        flush()
    }

    /// Sends bytes of HTTP as records, all of them at once: what the kernel does not take waits encrypted.
    func sendEncrypted(_ bytes: Span<UInt8>, _ session: TLSSession) {
        var sealed = worker.takeCiphertext()
        if session.engine.send(bytes, output: &sealed) == nil {
            sendRaw(sealed.span)
        } else {
            // The engine has failed before, which this connection does not outlive.
            lose(.reset)
        }
        worker.giveBack(ciphertext: sealed)
    }

    /// Tells the peer that we send no more, once, behind what waits already. What still comes is dropped as it is, so
    /// nothing of the session is kept.
    func sayGoodbye() {
        guard !state.isClosed, let session = session.take() else { return }
        var sealed = worker.takeCiphertext()
        session.engine.close(output: &sealed)
        if !sealed.isEmpty { sendRaw(sealed.span) }
        worker.giveBack(ciphertext: sealed)
    }

    /// The connection ends. An orderly end is still said where nothing waits before it; it may be too late.
    func endSession() {
        guard let session = session.take() else { return }
        worker.handshakeEnded(session.handshakeNumber, .unfinished)
        guard output.isEmpty else { return }
        var sealed: [UInt8] = []
        session.engine.close(output: &sealed)
        guard !sealed.isEmpty else { return }
        switch transport {
        case .some(let transport): _ = transport.send(sealed.span, more: false)
        case .none: break
        }
    }
}
