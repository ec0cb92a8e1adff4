package import HTTPWire
package import Reactor

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

    package init(loop: EventLoop, limits: ServingLimits = ServingLimits(), wireLimits: WireLimits = WireLimits()) {
        self.loop = loop
        self.limits = limits
        self.wireLimits = wireLimits
        scratch.reserveCapacity(limits.bodyReadBytes)
    }

    /// How many connections there are now.
    package var connectionsCount: Int { connections.count }

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

    func takeScratch() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &scratch)
        return taken
    }

    func giveBack(scratch returned: consuming [UInt8]) { scratch = returned }

    func takeOutput() -> [UInt8] {
        var taken: [UInt8] = []
        swap(&taken, &output)
        return taken
    }

    /// A buffer that one large response made large is not kept.
    func giveBack(output returned: consuming [UInt8]) {
        guard returned.capacity <= limits.bodyReadBytes else { return }
        returned.removeAll(keepingCapacity: true)
        output = returned
    }
}
