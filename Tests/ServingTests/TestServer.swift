import Bytes
import HTTPWire
import Linux
import Reactor
import Serving
import Synchronization
import TLS

/// A real listener on a free loopback port, served by a loop on a thread of its own.
final class TestServer: Sendable {
    enum Command: Sendable {
        case respond
        case resume
        case stop
        case abandon
    }

    let address: SocketAddress
    let events = EventLog()
    private let commands: Mailbox<Command>
    private let thread: Thread
    private let ending = Ending()

    convenience init(tls: TLSContext? = nil, _ change: (inout ServingLimits) -> Void = { _ in }) throws {
        try self.init(
            socket: ListeningSocket(on: .loopback(port: 0)), share: ListenerShare(workers: 1), tls: tls, change)
    }

    /// One of several workers on one socket.
    init(
        socket: ListeningSocket, share: ListenerShare, tls: TLSContext? = nil,
        _ change: (inout ServingLimits) -> Void = { _ in }
    ) throws {
        address = socket.address
        let commands = try Mailbox<Command>(capacity: 16)
        self.commands = commands
        var limits = ServingLimits()
        change(&limits)
        let chosen = limits
        let events = events
        let ending = ending
        thread = try Thread.start(name: "test-server") {
            do {
                try Self.serve(socket, share, tls, commands, chosen, events, ending)
            } catch {
                events.add("server failed: \(error)")
            }
        }
    }

    deinit { end() }

    func send(_ command: Command) { _ = commands.post(command) }

    /// Ends the loop and waits for its thread.
    func end() {
        ending.isAsked.store(true, ordering: .relaxed)
        thread.join()
    }

    private final class Ending: Sendable {
        let isAsked = Atomic<Bool>(false)
    }

    private static func serve(
        _ socket: ListeningSocket, _ share: ListenerShare, _ tls: TLSContext?, _ commands: Mailbox<Command>,
        _ limits: ServingLimits, _ events: EventLog, _ ending: Ending
    ) throws {
        let loop = try EventLoop()
        let worker = ServingWorker(loop: loop, limits: limits)
        // Not held: a handler lives as long as its connection.
        var handlers: [() -> TestHandler?] = []
        worker.onHandshake = { events.add("handshake \($0)") }
        try Listener(socket: socket, worker: worker, share: share, tlsContext: tls) { connection in
            let handler = TestHandler(connection, events)
            handlers.append { [weak handler] in handler }
            return handler
        }
        try loop.receive(from: commands) { command in
            switch command {
            case .respond: for handler in handlers { handler()?.respondNow() }
            case .resume: for handler in handlers { handler()?.resume() }
            case .stop: worker.stop { events.add("empty") }
            case .abandon: worker.abandon()
            }
        }
        while !ending.isAsked.load(ordering: .relaxed) {
            loop.turn(timeoutMilliseconds: 10)
            events.countTurn()
        }
        worker.abandon()
    }
}

/// What happened on the server, in order, for the test's thread to look at.
final class EventLog: Sendable {
    private let entries = Mutex<[String]>([])
    private let turns = Atomic<Int>(0)

    func countTurn() { turns.add(1, ordering: .relaxed) }

    /// How often the server's loop has turned.
    var turnsCount: Int { turns.load(ordering: .relaxed) }

    func add(_ entry: String) { entries.withLock { $0.append(entry) } }

    var all: [String] { entries.withLock { $0 } }

    /// Waits for the entry to come; false when it does not within ten seconds.
    func has(_ entry: String) -> Bool {
        let limit = Clock.monotonicMilliseconds() + 10_000
        while !all.contains(entry) {
            guard Clock.monotonicMilliseconds() < limit else { return false }
            Thread.yield()
        }
        return true
    }
}

/// Answers by the path of the request.
final class TestHandler: RequestHandler {
    private unowned let connection: Connection
    private let events: EventLog
    private var path = ""
    private var body: [UInt8] = []
    private var waits = false

    init(_ connection: Connection, _ events: EventLog) {
        self.connection = connection
        self.events = events
    }

    func head(_ head: RequestHead, bytes: Span<UInt8>, connection: Connection) {
        path = head.path.bytes(in: bytes).repairedText()
        body = []
        waits = false
        events.add("head \(path)")
        switch path {
        case "/refuse": connection.respond(Response(status: 401, body: Array("no".utf8)))
        case "/continue": connection.sendContinue()
        case "/pause": connection.pauseReading()
        default: break
        }
    }

    func body(_ bytes: Span<UInt8>) {
        body.append(contentsOf: bytes)
        if path == "/refuse-body" { connection.respond(Response(status: 413)) }
    }

    func bodyEnd() {
        events.add("end \(path)")
        switch path {
        case "/later": waits = true
        case "/large": respond([UInt8](repeating: 0x61, count: 8 << 20))
        case "/close": connection.respond(Response(status: 200, closes: true))
        default: respond(body)
        }
    }

    func wireRefusal(_ refusal: WireRefusal, origin _: [UInt8]?) -> Response {
        Response(status: refusal.status, body: Array(refusal.detail.utf8))
    }

    func headTimeout(origin _: [UInt8]?) -> Response { Response(status: 408) }

    func clientGone(_ loss: ClientLoss) {
        events.add("gone \(loss)")
        if loss == .closedEarly { connection.respond(Response(status: 400)) }
        if loss == .bodyTooSlow { connection.respond(Response(status: 408)) }
        if loss == .requestTooLong { connection.respond(Response(status: 503)) }
    }

    func respondNow() {
        guard waits, !connection.isClosed else { return }
        respond(body)
    }

    func resume() {
        events.add("resumed")
        connection.resumeReading()
    }

    private func respond(_ body: [UInt8]) {
        waits = false
        connection.respond(Response(status: 200, fields: [ResponseField("x-path", path)], body: body))
    }

    deinit { events.add("closed") }
}
