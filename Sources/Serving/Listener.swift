package import Linux
package import Reactor
package import TLS

/// Accepts the connections of one listening socket for one worker; other workers may do the same.
package final class Listener {
    private let socket: ListeningSocket
    /// The worker owns its listeners.
    private unowned let worker: ServingWorker
    private let share: ListenerShare
    private let makeHandler: (Connection) -> any RequestHandler
    /// What its connections are encrypted with; nil: they are not.
    private(set) var tlsContext: TLSContext?
    private var registration = Registration.none
    private var isResting = false
    private var isStopped = false
    /// The connections of this worker that came in here.
    package private(set) var connectionsCount = 0
    /// Called when a connection could not be accepted or watched, a few times a second at most: for the log.
    package var onFailure: ((SystemError) -> Void)?

    /// Begins to accept. `makeHandler` is called once for each connection; with `tlsContext` all of them speak TLS.
    @discardableResult
    package init(
        socket: ListeningSocket, worker: ServingWorker, share: ListenerShare = ListenerShare(workers: 1),
        tlsContext: TLSContext? = nil,
        makeHandler: @escaping (Connection) -> any RequestHandler
    ) throws(SystemError) {
        self.socket = socket
        self.worker = worker
        self.share = share
        self.tlsContext = tlsContext
        self.makeHandler = makeHandler
        registration = try worker.loop.register(socket.raw, interest: [.read, .exclusive], handler: self)
        worker.add(self)
    }

    /// Accepts no more. What waits in the kernel's queue is left to the other workers.
    func stop() {
        isStopped = true
        worker.loop.deregister(registration)
    }

    func use(_ context: TLSContext) {
        if tlsContext != nil { tlsContext = context }
    }

    func connectionEnded() {
        connectionsCount -= 1
        share.add(-1)
    }

    /// Leaves the queue to the other workers for a while, or lets it grow.
    private func rest() {
        guard !isResting else { return }
        isResting = true
        try? worker.loop.modify(registration, interest: .exclusive)
        wakeLater()
    }

    private func wakeLater() {
        worker.loop.schedule(afterMilliseconds: worker.limits.acceptPauseMilliseconds) { [weak self] in self?.wake() }
    }

    private func wake() {
        guard isResting, !isStopped else { return }
        if share.isAboveShare(connectionsCount) {
            // Whoever still waits was left alone by the other workers as well.
            acceptWaiting()
            return wakeLater()
        }
        do {
            try worker.loop.modify(registration, interest: [.read, .exclusive])
            isResting = false
        } catch {
            onFailure?(error)
            wakeLater()
        }
    }

    private func acceptWaiting() {
        for _ in 0 ..< worker.limits.acceptsPerTurnMax {
            guard worker.hasRoom() else { return rest() }
            var peer: SocketAddress?
            do {
                guard let descriptor = try socket.accept(peer: &peer) else { return }
                begin(descriptor, peer)
            } catch {
                // Out of descriptors or memory: the connection waits in the queue for some to be closed.
                onFailure?(error)
                return rest()
            }
            // From here on newcomers wake the others; those whose call was meant for this worker are still taken.
            if share.isAboveShare(connectionsCount) { rest() }
        }
    }

    private func begin(_ descriptor: consuming FileDescriptor, _ peer: SocketAddress?) {
        let connection = Connection(transport: .plain(descriptor), peer: peer, worker: worker, listener: self)
        worker.add(connection)
        connectionsCount += 1
        share.add(1)
        // A proxy has the connections of all its clients; those that it announces are counted then.
        if let ip = peer?.ip, connection.preface == nil, !connection.enterCensus(ip) { return connection.close() }
        do {
            try connection.start(makeHandler(connection))
        } catch {
            onFailure?(error)
            connection.close()
        }
    }
}

extension Listener: EventHandler {
    package func ready(_ events: ReadyEvents) {
        acceptWaiting()
    }
}
