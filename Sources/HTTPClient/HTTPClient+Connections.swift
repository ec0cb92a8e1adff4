internal import Dialing
internal import Linux
internal import TLS

/// Connections: found, made, kept, closed.
extension HTTPClient {
    /// Finds a connection for `transfer`, makes one, or lets it wait for one.
    func connect(_ transfer: HTTPTransfer) {
        guard let origin = transfer.url?.origin else { return }
        // One that met a connection's end does not try its luck with the next.
        if !transfer.isRepeated, let connection = idleConnection(to: origin) {
            attach(transfer, to: connection)
        } else if connections.count < configuration.connectionsMax || closeOldestIdle() {
            dial(transfer)
        } else {
            transfer.stage = .queued
            connections.queue.append(transfer)
        }
    }

    private func dial(_ transfer: HTTPTransfer) {
        guard let url = transfer.url, let dialer else { return }
        transfer.stage = .connecting
        connections.dialsCount += 1
        let left = Int(max(1, transfer.connectDeadline - driver.now))
        transfer.dial = dialer.dial(host: url.origin.host, port: url.origin.port, milliseconds: left) {
            // A closed client has closed its dialer, which then tells nothing any more.
            [unowned self, weak transfer] result in
            dialed(transfer, url.origin, result)
        }
        if transfer.dial == nil {
            connections.dialsCount -= 1
            fail(transfer, .other, "there is no memory for a connection")
        }
    }

    private func dialed(_ transfer: HTTPTransfer?, _ origin: Origin, _ result: Result<Int32, DialFailure>) {
        connections.dialsCount -= 1
        transfer?.dial = nil
        switch result {
        case .success(let descriptor):
            let socket = FileDescriptor(adopting: descriptor)
            guard let transfer, transfer.stage == .connecting else { return serveQueue() }
            let connection = OutgoingConnection(socket, origin: origin, now: driver.now)
            connections.add(connection)
            driver.opened(descriptor: descriptor)
            driver.adopted(descriptor: descriptor)
            driver.watch(descriptor: descriptor, readable: true, writable: false)
            attach(transfer, to: connection)
        case .failure(let failure):
            if let transfer, transfer.stage == .connecting {
                fail(transfer, HTTPFailure.Kind(failure.kind), failure.detail)
            }
            serveQueue()
        }
    }

    /// What a new connection over TLS trusts; the file of authorities is read anew now and then.
    func trust() throws(TLSContextError) -> TLSContext {
        let now = driver.now
        if let authorities, now - authorities.readAt < configuration.authoritiesSecondsMax * 1_000 {
            return authorities.context
        }
        do {
            let context = try TLSContext.client(of: configuration.caBundlePath.map { .file($0) } ?? .system)
            authorities = (context, now)
            // Who takes up a session does not look at certificates again.
            connections.forgetSessions()
            return context
        } catch {
            // It may just be written anew.
            guard let authorities else { throw error }
            return authorities.context
        }
    }

    // MARK: kept ones

    private func idleConnection(to origin: Origin) -> OutgoingConnection? {
        let now = driver.now
        while let connection = connections.takeIdle(origin) {
            if isFit(connection, now), now < connection.idleSince + idleMilliseconds, isSilent(connection) {
                return connection
            }
            close(connection)
        }
        return nil
    }

    var idleMilliseconds: Int64 { Int64(configuration.connectionIdleSecondsMax) * 1_000 }

    private func isFit(_ connection: OutgoingConnection, _ now: Int64) -> Bool {
        now < connection.establishedAt + Int64(configuration.connectionLifeSecondsMax) * 1_000
    }

    /// Whether the server has said nothing behind its last answer: what lies there unread would be taken for the next
    /// one, or is the end. Tickets and keys of TLS are taken in.
    private func isSilent(_ connection: OutgoingConnection) -> Bool {
        // As it nearly always is.
        guard !connection.isSilent else { return connection.isFree }
        var input = takeBuffer()
        var sealed = takeBuffer(sealing: connection)
        var received = OutgoingConnection.Received.bytes
        var reads = 0
        while received == .bytes, input.isEmpty, reads < Self.silentReadsMax {
            received = connection.receive(into: &input, sealed: &sealed)
            reads += 1
        }
        giveBack(sealed)
        giveBack(input)
        return received == .nothing && connection.isFree
    }

    /// A server that has more to say without an answer in it is up to something.
    private static let silentReadsMax = 4

    private func closeOldestIdle() -> Bool {
        guard let oldest = connections.takeOldestIdle() else { return false }
        shut(oldest)
        return true
    }

    /// The answer on `connection` is complete: it waits for the next request, or is closed.
    func release(_ connection: OutgoingConnection, keeps: Bool) {
        connection.transfer = nil
        // A ticket of TLS 1.3 comes behind the handshake: by now it is there.
        if connection.requestCount == 1, connection.context === authorities?.context,
            let session = connection.resumableSession
        {
            connections.remember(session, of: connection.origin)
        }
        guard keeps, connection.isFree, isFit(connection, driver.now) else { return close(connection) }
        if let next = connections.queue.first {
            guard next.url?.origin == connection.origin, !next.isRepeated, isSilent(connection)
            else { return close(connection) }
            connections.queue.removeFirst()
            return attach(next, to: connection)
        }
        connection.idleSince = driver.now
        connections.addIdle(connection)
        look(at: connection.idleSince + idleMilliseconds)
        if connections.idleCount > configuration.idleConnectionsMax { _ = closeOldestIdle() }
    }

    func close(_ connection: OutgoingConnection) {
        shut(connection)
        serveQueue()
    }

    func shut(_ connection: OutgoingConnection) {
        guard !connection.isClosed else { return }
        connections.remove(connection)
        driver.closing(descriptor: connection.descriptor)
        connection.close()
    }

    /// Makes connections for those who wait longest, as far as there is room now.
    func serveQueue() {
        while !connections.queue.isEmpty, connections.count < configuration.connectionsMax {
            dial(connections.queue.removeFirst())
        }
    }
}
