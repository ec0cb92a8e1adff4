package import Bytes
package import HTTPWire
package import Reactor
package import TLS

/// What the connections of one worker share: the loop, the limits, the buffers, and the list of themselves.
package final class ServingWorker {
    package let loop: EventLoop
    package let limits: ServingLimits
    package let wireLimits: WireLimits
    /// Called when the last connection has ended after ``stop(whenEmpty:)``.
    private var whenEmpty: (() -> Void)?
    private var listeners: [Listener] = []
    private var connections: [Connection] = []
    private var scratch: [UInt8] = []
    private var output: [UInt8] = []
    private var plaintext: [UInt8] = []
    private var ciphertext: [UInt8] = []
    /// The TLS handshakes under way.
    private var handshakes = ArrivalOrder<Connection>()
    /// Called with the end of each.
    package var onHandshake: ((HandshakeOutcome) -> Void)?

    /// Peers that may announce another address by the PROXY protocol; nil: nobody, on no listener.
    private let trusted: TrustedPeers?
    /// Where connections are counted by address; nil: they are not bounded by it.
    let census: ConnectionCensus?
    /// Called when an address had as many connections as it may.
    package var onRefusedConnection: (() -> Void)?

    package init(
        loop: EventLoop, limits: ServingLimits = ServingLimits(), wireLimits: WireLimits = WireLimits(),
        trusted: TrustedPeers? = nil, census: ConnectionCensus? = nil
    ) {
        self.loop = loop
        self.limits = limits
        self.wireLimits = wireLimits
        self.trusted = trusted
        self.census = census
        scratch.reserveCapacity(limits.bodyReadBytes)
    }

    /// How many connections there are now.
    package var connectionsCount: Int { connections.count }

    func trustsPrefaces(of peer: IPAddress?) -> Bool { trusted?.contains(peer) ?? false }

    /// Accepts no more, closes idle connections, lets the others end with the response under way, and says when all
    /// have ended (at once, when there is none). The bound on that is the caller's: see ``abandon()``.
    package func stop(whenEmpty: @escaping () -> Void) {
        for listener in listeners { listener.stop() }
        listeners = []
        self.whenEmpty = whenEmpty
        // Each may leave the list while it is gone through.
        for connection in Array(connections) { connection.stop() }
        sayWhenEmpty()
    }

    /// Ends every connection at once.
    package func abandon() {
        for connection in Array(connections) { connection.abandon() }
    }

    /// Connections that begin TLS from now on do so with this context; listeners without TLS stay without.
    package func use(_ context: TLSContext) {
        for listener in listeners { listener.use(context) }
    }

    /// Whether one more connection may be accepted, perhaps in the place of idle ones.
    func hasRoom() -> Bool { connections.count < limits.connectionsMax || closeIdle() }

    /// Closes the connections that have been idle for longest, as many as are accepted in one turn: looking through all
    /// of them for each newcomer would cost more than the newcomers do.
    private func closeIdle() -> Bool {
        let latest = loop.now - limits.idleMillisecondsMin
        var idle: [(since: Int64, connection: Connection)] = []
        for connection in connections {
            guard let since = connection.state.idleSince, since <= latest else { continue }
            idle.append((since, connection))
        }
        idle.sort { $0.since < $1.since }
        for (_, connection) in idle.prefix(limits.acceptsPerTurnMax) { connection.close() }
        return !idle.isEmpty
    }

    // MARK: TLS handshakes

    /// A client has begun one. Where there are too many the oldest is given up, as a kernel does with half-open
    /// connections under a flood: one that goes on as it should is never the oldest for long.
    func handshakeBegan(_ connection: Connection) -> UInt64 {
        if handshakes.count >= limits.handshakesMax, let oldest = handshakes.removeOldest() {
            onHandshake?(.pushedOut)
            oldest.close()
        }
        return handshakes.append(connection)
    }

    func handshakeEnded(_ number: UInt64, _ outcome: HandshakeOutcome) {
        guard handshakes.remove(number) else { return }
        onHandshake?(outcome)
    }

    func add(_ listener: Listener) { listeners.append(listener) }

    func add(_ connection: Connection) {
        connection.index = connections.count
        connections.append(connection)
    }

    func remove(_ connection: Connection) {
        let index = connection.index
        guard index >= 0 else { return }
        connection.index = -1
        let last = connections.removeLast()
        if last !== connection {
            connections[index] = last
            last.index = index
        }
        sayWhenEmpty()
    }

    private func sayWhenEmpty() {
        guard connections.isEmpty, let whenEmpty = whenEmpty.take() else { return }
        whenEmpty()
    }

    // MARK: Buffers, lent to one connection at a time

    func takeScratch() -> [UInt8] { Self.take(&scratch) }
    func takeOutput() -> [UInt8] { Self.take(&output) }
    func takePlaintext() -> [UInt8] { Self.take(&plaintext) }
    func takeCiphertext() -> [UInt8] { Self.take(&ciphertext) }

    func giveBack(scratch returned: consuming [UInt8]) { scratch = returned }
    func giveBack(output returned: consuming [UInt8]) { keep(returned, in: &output) }
    func giveBack(plaintext returned: consuming [UInt8]) { keep(returned, in: &plaintext) }
    func giveBack(ciphertext returned: consuming [UInt8]) { keep(returned, in: &ciphertext) }

    private static func take(_ buffer: inout [UInt8]) -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &buffer)
        return taken
    }

    /// A buffer that one large response made large is not kept.
    private func keep(_ returned: consuming [UInt8], in buffer: inout [UInt8]) {
        guard returned.capacity <= limits.bodyReadBytes * 2 else { return }
        returned.removeAll(keepingCapacity: true)
        buffer = returned
    }
}
