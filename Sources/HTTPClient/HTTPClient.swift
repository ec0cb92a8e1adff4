internal import Bytes
internal import Dialing
internal import HTTPWire
internal import Linux
internal import TLS

/// Outgoing HTTP/1.1 requests, driven by the owner's loop; not for use from two threads. Connections are kept and shared
/// by all of a client's transfers.
///
/// Names are looked up and connections made by ``Dialer``; what goes over them is this module's own. Everything begins
/// at the end of a turn: completions run, and sources are asked, inside of
/// ``socketReady(descriptor:readable:writable:failed:)`` and ``timerFired()`` alone, never inside ``start(_:completion:)``,
/// ``HTTPTransfer/resume()`` or ``HTTPTransfer/cancel()``.
package final class HTTPClient {
    let driver: any HTTPClientDriver
    let configuration: HTTPClientConfiguration
    let responseLimits: ResponseLimits
    private let relay: DialRelay
    private var dialer: Dialer?

    /// Transfers that have not ended, each knowing its index here.
    private var running: [HTTPTransfer] = []
    /// Those that begin, or go on, at the end of the turn.
    private var scheduled: [HTTPTransfer] = []
    private var finished: [(HTTPTransfer, Result<HTTPResponse, HTTPFailure>)] = []
    private var isDelivering = false
    var connections = ConnectionPool()
    private var authorities: (context: TLSContext, readAt: Int64)?
    private var lastURL: (text: String, parsed: RequestURL)?
    /// Memory for what is read and written, kept from call to call.
    private var buffers: [[UInt8]] = []
    private static let buffersMax = 4

    private var needsTick = false
    /// When the dialer wants to be called.
    private var dialerDue: Int64 = .max
    /// No transfer, and no idle connection, has to be looked at before.
    private var soonest: Int64 = .max
    private var timerDue: Int64 = .max

    package init(
        configuration: HTTPClientConfiguration, driver: any HTTPClientDriver
    ) throws(HTTPClientError) {
        self.driver = driver
        self.configuration = configuration
        responseLimits = ResponseLimits(headBytesMax: configuration.responseFieldBytesMax)
        relay = DialRelay()
        guard let dialer = Dialer(driver: relay, lookupCacheSeconds: configuration.lookupCacheSeconds)
        else { throw HTTPClientError(description: "libcurl cannot be initialised") }
        self.dialer = dialer
        relay.client = self
    }

    deinit { close() }

    /// Transfers that have not ended.
    package var transferCount: Int { running.count }

    /// Starts `request`. `completion` runs once, later, unless the transfer is cancelled.
    package func start(
        _ request: HTTPRequest, completion: @escaping (Result<HTTPResponse, HTTPFailure>) -> Void
    ) -> HTTPTransfer {
        let transfer = HTTPTransfer(
            client: self, request: request, limits: responseLimits, now: driver.now, completion: completion)
        transfer.position = running.count
        running.append(transfer)
        guard dialer != nil, running.count <= configuration.transfersMax else {
            fail(transfer, .unavailable, "the HTTP client is closed or has too many transfers")
            return transfer
        }
        guard request.isWellFormed, let url = parse(request.url) else {
            fail(transfer, .invalidRequest, "the request's URL or fields hold bytes that cannot be sent")
            return transfer
        }
        transfer.url = url
        schedule(transfer)
        look(at: transfer.due)
        return transfer
    }

    /// The loop found `descriptor` ready.
    package func socketReady(descriptor: Int32, readable: Bool, writable: Bool, failed: Bool) {
        guard let dialer, !isDelivering else { return }
        if let connection = connections[descriptor] {
            if writable { writeOn(connection) }
            // A failed socket says why when it is read.
            if readable || failed, !connection.isClosed { readOn(connection) }
        } else {
            dialer.socketReady(descriptor: descriptor, readable: readable, writable: writable, failed: failed)
        }
        endTurn()
    }

    /// The timer that ``HTTPClientDriver/setTimer(milliseconds:)`` set is due.
    package func timerFired() {
        guard let dialer, !isDelivering else { return }
        timerDue = .max
        needsTick = false
        let now = driver.now
        if dialerDue <= now {
            dialerDue = .max
            dialer.timerFired()
        }
        runScheduled()
        if soonest <= now { lookAround(now) }
        endTurn()
    }

    /// Ends every transfer without a completion and closes every connection. Nothing can be started afterwards.
    package func close() {
        guard let dialer else { return }
        self.dialer = nil
        for transfer in running {
            _ = transfer.end()
            transfer.dial = nil
            transfer.connection = nil
        }
        for (transfer, _) in finished { _ = transfer.end() }
        running.removeAll()
        scheduled.removeAll()
        finished.removeAll()
        dialer.close()
        connections.queue.removeAll()
        for connection in connections.all() { shut(connection) }
        needsTick = false
        driver.setTimer(milliseconds: nil)
    }

    func resume(_ transfer: HTTPTransfer) {
        guard transfer.stage == .exchanging else { return }
        if transfer.isPumping {
            transfer.isResumed = true
        } else if transfer.isPaused {
            transfer.isPaused = false
            schedule(transfer)
        }
    }

    func cancel(_ transfer: HTTPTransfer) {
        switch transfer.stage {
        case .over: return
        case .finished: break
        case .new, .connecting, .queued, .exchanging: leave(transfer)
        }
        _ = transfer.end()
    }

    // MARK: the life of a transfer

    /// Lets `transfer` begin, or go on, at the end of the turn.
    func schedule(_ transfer: HTTPTransfer) {
        guard !transfer.isScheduled else { return }
        transfer.isScheduled = true
        scheduled.append(transfer)
        tick()
    }

    private func runScheduled() {
        guard !scheduled.isEmpty else { return }
        var list: [HTTPTransfer] = []
        swap(&list, &scheduled)
        for transfer in list {
            transfer.isScheduled = false
            switch transfer.stage {
            case .new: connect(transfer)
            case .exchanging: pump(transfer)
            case .connecting, .queued, .finished, .over: break
            }
        }
    }

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
            [weak self, weak transfer] result in
            self?.dialed(transfer, url.origin, result)
        }
        if transfer.dial == nil { fail(transfer, .other, "there is no memory for a connection") }
    }

    private func dialed(_ transfer: HTTPTransfer?, _ origin: Origin, _ result: Result<Int32, DialFailure>) {
        connections.dialsCount -= 1
        transfer?.dial = nil
        switch result {
        case .success(let descriptor):
            let socket = FileDescriptor(adopting: descriptor)
            guard let transfer, transfer.stage == .connecting else { return }
            let connection = OutgoingConnection(socket, origin: origin, now: driver.now)
            connections.add(connection)
            driver.opened(descriptor: descriptor)
            driver.adopted(descriptor: descriptor)
            driver.watch(descriptor: descriptor, readable: true, writable: false)
            attach(transfer, to: connection)
        case .failure(let failure):
            if let transfer { fail(transfer, HTTPFailure.Kind(failure.kind), failure.detail) }
            serveQueue()
        }
    }

    /// What a new connection over TLS trusts; the file of authorities is read anew now and then.
    func trust() throws(TLSContextError) -> TLSContext {
        let now = driver.now
        if let authorities, now - authorities.readAt < configuration.authoritiesSecondsMax * 1_000 {
            return authorities.context
        }
        let context = try TLSContext.client(of: configuration.caBundlePath.map { .file($0) } ?? .system)
        authorities = (context, now)
        return context
    }

    private func parse(_ url: String) -> RequestURL? {
        if let lastURL, lastURL.text == url { return lastURL.parsed }
        guard let parsed = RequestURL(url) else { return nil }
        lastURL = (url, parsed)
        return parsed
    }

    /// Takes `transfer` off whatever it is at. Its connection is closed: the rest of its answer is nobody's.
    private func leave(_ transfer: HTTPTransfer) {
        let last = running.removeLast()
        if last !== transfer {
            running[transfer.position] = last
            last.position = transfer.position
        }
        if transfer.stage == .queued { connections.queue.removeAll { $0 === transfer } }
        if let dial = transfer.dial {
            transfer.dial = nil
            connections.dialsCount -= 1
            dial.cancel()
            serveQueue()
        }
        if let connection = transfer.connection {
            transfer.connection = nil
            connection.transfer = nil
            close(connection)
        }
    }

    func finish(_ transfer: HTTPTransfer, _ result: Result<HTTPResponse, HTTPFailure>) {
        leave(transfer)
        transfer.stage = .finished
        finished.append((transfer, result))
        tick()
    }

    func fail(_ transfer: HTTPTransfer, _ kind: HTTPFailure.Kind, _ detail: String) {
        finish(transfer, .failure(transfer.failure(kind, detail)))
    }

    private func deliver() {
        guard !finished.isEmpty else { return }
        isDelivering = true
        var index = 0
        while index < finished.count {
            let (transfer, result) = finished[index]
            index += 1
            guard transfer.stage == .finished, let completion = transfer.end() else { continue }
            completion(result)
        }
        finished.removeAll(keepingCapacity: true)
        isDelivering = false
    }

    // MARK: connections

    private func idleConnection(to origin: Origin) -> OutgoingConnection? {
        let now = driver.now
        while let connection = connections.takeIdle(origin) {
            if isFit(connection, now), now < connection.idleSince + idleMilliseconds { return connection }
            close(connection)
        }
        return nil
    }

    private var idleMilliseconds: Int64 { Int64(configuration.connectionIdleSecondsMax) * 1_000 }

    private func isFit(_ connection: OutgoingConnection, _ now: Int64) -> Bool {
        now < connection.establishedAt + Int64(configuration.connectionLifeSecondsMax) * 1_000
    }

    private func closeOldestIdle() -> Bool {
        guard let oldest = connections.takeOldestIdle() else { return false }
        shut(oldest)
        return true
    }

    /// The answer on `connection` is complete: it waits for the next request, or is closed.
    func release(_ connection: OutgoingConnection, keeps: Bool) {
        connection.transfer = nil
        guard keeps, connection.isFree, isFit(connection, driver.now) else { return close(connection) }
        if let session = connection.resumableSession { connections.remember(session, of: connection.origin) }
        if let next = connections.queue.first {
            guard next.url?.origin == connection.origin else { return close(connection) }
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

    private func shut(_ connection: OutgoingConnection) {
        guard !connection.isClosed else { return }
        connections.remove(connection)
        driver.closing(descriptor: connection.descriptor)
        connection.close()
    }

    /// Makes a connection for who waits longest, now that there may be room for one.
    private func serveQueue() {
        guard !connections.queue.isEmpty, connections.count < configuration.connectionsMax else { return }
        dial(connections.queue.removeFirst())
    }

    // MARK: time

    private func tick() {
        guard !needsTick else { return }
        needsTick = true
        setTimer()
    }

    /// Nothing was to be looked at so early until now.
    func look(at due: Int64) {
        guard due < soonest else { return }
        soonest = due
        setTimer()
    }

    private func setTimer() {
        guard dialer != nil else { return }
        let now = driver.now
        let due = needsTick ? now : min(dialerDue, soonest)
        guard due != timerDue else { return }
        timerDue = due
        driver.setTimer(milliseconds: due == .max ? nil : Int(max(0, due - now)))
    }

    fileprivate func setDialerTimer(_ milliseconds: Int?) {
        dialerDue = milliseconds.map { driver.now + Int64($0) } ?? .max
        setTimer()
    }

    /// Ends what is overdue.
    private func lookAround(_ now: Int64) {
        soonest = .max
        while let connection = connections.takeIdle(since: now - idleMilliseconds) { shut(connection) }
        if let since = connections.oldestIdleSince { soonest = since + idleMilliseconds }
        for transfer in running {
            if transfer.due <= now { deadlinePassed(transfer, now) }
            soonest = min(soonest, transfer.due)
        }
    }

    private func deadlinePassed(_ transfer: HTTPTransfer, _ now: Int64) {
        if let askDeadline = transfer.askDeadline, askDeadline <= now {
            transfer.askDeadline = nil
            transfer.state.continued()
            schedule(transfer)
        }
        guard transfer.due <= now else { return }
        let what =
            switch transfer.stage {
            case .queued: "no connection was free"
            case .new, .connecting: "no connection was made"
            case .exchanging where transfer.connection?.isHandshaking == true: "the TLS handshake was not over"
            case .exchanging, .finished, .over: "the answer was not complete"
            }
        fail(transfer, .timeout, "\(what) within the time that a request has")
    }

    private func endTurn() {
        deliver()
        setTimer()
    }

    // MARK: memory

    func takeBuffer() -> [UInt8] { buffers.popLast() ?? [] }

    func giveBack(_ buffer: consuming [UInt8]) {
        guard buffers.count < Self.buffersMax else { return }
        buffer.removeAll(keepingCapacity: true)
        buffers.append(buffer)
    }
}

extension HTTPFailure.Kind {
    fileprivate init(_ kind: DialFailure.Kind) {
        switch kind {
        case .resolve: self = .resolve
        case .connect: self = .connect
        case .timeout: self = .timeout
        case .invalidHost: self = .invalidRequest
        case .other: self = .other
        }
    }
}

/// Takes the dialer's wishes to the client's driver.
private final class DialRelay: DialerDriver {
    weak var client: HTTPClient?

    func opened(descriptor: Int32) { client?.driver.opened(descriptor: descriptor) }

    func watch(descriptor: Int32, readable: Bool, writable: Bool) {
        client?.driver.watch(descriptor: descriptor, readable: readable, writable: writable)
    }

    func unwatch(descriptor: Int32) { client?.driver.unwatch(descriptor: descriptor) }

    func closing(descriptor: Int32) { client?.driver.closing(descriptor: descriptor) }

    func setTimer(milliseconds: Int?) { client?.setDialerTimer(milliseconds) }
}
