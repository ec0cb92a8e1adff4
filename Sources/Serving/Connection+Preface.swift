internal import Bytes
internal import HTTPWire
internal import Linux

/// What stands before HTTP and TLS where a trusted proxy speaks the PROXY protocol.
extension Connection {
    /// Takes the first bytes of a connection from a peer whose word is taken, until they are a preface or none. What
    /// is none was the beginning of the next layer.
    func takePreface(_ input: [UInt8]) {
        guard var reader = preface else { return }
        switch reader.next(input.span) {
        case .incomplete:
            // The bound is that of the handshake or head which is still awaited.
            preface = reader
        case .absent:
            preface = nil
            let kept = reader.takeKept()
            take(kept.isEmpty ? input : kept + input)
        case .present(let source, let consumed):
            preface = nil
            guard source.map(isWelcome) ?? true else { return close() }
            let rest = input.span.extracting(droppingFirst: consumed)
            if !rest.isEmpty { take(rest.copied()) }
        case .malformed:
            // Whoever announces a client and then does not name one is no client that could read an answer.
            close()
        }
    }

    /// Notes who is really calling; whether that address may have another connection.
    private func isWelcome(_ source: ProxySource) -> Bool {
        peer = SocketAddress(ip: source.address, port: source.port)
        return enterCensus(source.address)
    }

    /// Counts the connection for `address`; false: it has as many as it may.
    func enterCensus(_ address: IPAddress) -> Bool {
        guard let census = worker.census else { return true }
        guard census.enter(address) else {
            worker.onRefusedConnection?()
            return false
        }
        countedAddress = address
        return true
    }

    func leaveCensus() {
        guard let address = countedAddress.take() else { return }
        worker.census?.leave(address)
    }
}
