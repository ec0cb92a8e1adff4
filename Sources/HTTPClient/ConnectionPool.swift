internal import TLS

/// The connections of a client, by descriptor, and who waits for one.
struct ConnectionPool {
    /// By descriptor: they are small numbers.
    private var byDescriptor: [OutgoingConnection?] = []
    private var openCount = 0
    /// The one that was used last comes last.
    private var idle: [OutgoingConnection] = []
    /// Connections that are being made.
    var dialsCount = 0
    /// Transfers that wait until a connection is free, or may be made.
    var queue: [HTTPTransfer] = []
    /// The latest session of each origin, for the next handshake.
    private var sessions: [Origin: TLSClientSession] = [:]
    private static let sessionsMax = 64

    /// Connections, those that are being made included.
    var count: Int { openCount + dialsCount }

    var idleCount: Int { idle.count }

    var oldestIdleSince: Int64? { idle.first?.idleSince }

    subscript(descriptor: Int32) -> OutgoingConnection? {
        let index = Int(descriptor)
        return index < byDescriptor.count ? byDescriptor[index] : nil
    }

    mutating func add(_ connection: OutgoingConnection) {
        let index = Int(connection.descriptor)
        while byDescriptor.count <= index { byDescriptor.append(nil) }
        byDescriptor[index] = connection
        openCount += 1
    }

    /// Forgets a connection that is about to be closed.
    mutating func remove(_ connection: OutgoingConnection) {
        byDescriptor[Int(connection.descriptor)] = nil
        openCount -= 1
        if connection.isIdle { idle.removeAll { $0 === connection } }
        connection.isIdle = false
    }

    /// Hands out all connections, which are still to be ``remove(_:)``d.
    func all() -> [OutgoingConnection] { byDescriptor.compactMap { $0 } }

    mutating func addIdle(_ connection: OutgoingConnection) {
        connection.isIdle = true
        idle.append(connection)
    }

    /// The idle connection to `origin` that was used last: the others are then the first to be closed.
    mutating func takeIdle(_ origin: Origin) -> OutgoingConnection? {
        guard let index = idle.lastIndex(where: { $0.origin == origin }) else { return nil }
        return takeIdle(at: index)
    }

    mutating func takeOldestIdle() -> OutgoingConnection? {
        idle.isEmpty ? nil : takeIdle(at: 0)
    }

    /// The oldest one, where it has been idle since `moment` or longer.
    mutating func takeIdle(since moment: Int64) -> OutgoingConnection? {
        guard let oldest = idle.first, oldest.idleSince <= moment else { return nil }
        return takeIdle(at: 0)
    }

    private mutating func takeIdle(at index: Int) -> OutgoingConnection {
        let connection = idle.remove(at: index)
        connection.isIdle = false
        return connection
    }

    mutating func remember(_ session: TLSClientSession, of origin: Origin) {
        if sessions.count >= Self.sessionsMax, sessions[origin] == nil { sessions.removeAll() }
        sessions[origin] = session
    }

    /// Whoever vouched for the servers may not be trusted any more.
    mutating func forgetSessions() { sessions.removeAll() }

    func session(of origin: Origin) -> TLSClientSession? { sessions[origin] }
}
