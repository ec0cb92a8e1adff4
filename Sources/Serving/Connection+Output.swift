internal import Bytes
internal import HTTPWire

/// From the handler to the kernel.
extension Connection {
    /// Writes the response that is pending: in one call, but for a client that does not read.
    func flush() {
        guard let response = pending.take() else { return }
        var bytes = worker.takeOutput()
        ResponseWriter.append(response, form: state.beginWriting(now: now), to: &bytes)
        send(bytes.span)
        worker.giveBack(output: bytes)
        if outputStart == output.count { responseWritten() }
    }

    /// Goes on with what the kernel did not take.
    func flushOutput() {
        guard outputStart < output.count else { return }
        var rest: [UInt8] = []
        swap(&rest, &output)
        let sent = write(rest.span.extracting(droppingFirst: outputStart))
        guard !state.isClosed else { return }
        outputStart += sent
        swap(&rest, &output)
        guard outputStart == output.count else { return state.wrote(now: now) }
        output = []
        outputStart = 0
        session?.unaskedBytes = 0
        if state.appetite == .drain {
            // The last of what was said before our stream ends.
            shutdownWrite()
        } else if state.isWriting {
            responseWritten()
        }
        pump()
    }

    /// Sends bytes of HTTP: encrypted, where the connection is.
    func send(_ bytes: Span<UInt8>) {
        if let session { sendEncrypted(bytes, session) } else { sendRaw(bytes) }
    }

    /// Sends what it can of `bytes`, behind what waits already, and keeps the rest.
    func sendRaw(_ bytes: Span<UInt8>) {
        guard output.isEmpty else {
            output.append(contentsOf: bytes)
            return
        }
        let sent = write(bytes)
        guard !state.isClosed, sent < bytes.count else { return }
        output = bytes.extracting(droppingFirst: sent).copied()
        outputStart = 0
    }

    private func responseWritten() {
        guard !state.isClosed else { return }
        switch state.written(now: now) {
        case .nothing, .nextRequest: break
        case .halfClose: shutdownWrite()
        }
    }

    /// Ends our stream, once all that was said is with the kernel; under TLS a close_notify comes before the end.
    func shutdownWrite() {
        sayGoodbye()
        guard outputStart == output.count else { return }
        switch transport {
        case .some(let transport): transport.shutdownWrite()
        case .none: break
        }
    }

    private func write(_ bytes: Span<UInt8>) -> Int {
        var sent = 0
        while sent < bytes.count {
            switch transmit(bytes.extracting(droppingFirst: sent)) {
            case .bytes(let count): sent += count
            case .wouldBlock: return sent
            case .ended, .lost:
                lose(.reset)
                return sent
            }
        }
        return sent
    }

    private func transmit(_ bytes: Span<UInt8>) -> Transport.Outcome {
        switch transport {
        case .some(let transport): transport.send(bytes, more: state.endsAfterWriting)
        case .none: .lost
        }
    }
}
