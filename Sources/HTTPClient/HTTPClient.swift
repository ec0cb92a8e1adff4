internal import Bytes
internal import Dialing
internal import HTTPWire
internal import Linux
internal import TLS

/// Outgoing HTTP/1.1 requests, driven by the owner's loop; not for use from two threads. Connections are kept and
/// shared by all of a client's transfers.
///
/// Names are looked up and connections made by ``Dialer``; what goes over them is this module's own. Everything begins
/// at the end of a turn: completions run, and sources are asked, inside of
/// ``socketReady(descriptor:readable:writable:failed:)`` and ``timerFired()`` alone, never inside
/// ``start(_:completion:)``, ``HTTPTransfer/resume()`` or ``HTTPTransfer/cancel()``.
package final class HTTPClient {
    let driver: any HTTPClientDriver
    let configuration: HTTPClientConfiguration
    let responseLimits: ResponseLimits
    private let relay: DialRelay
    private(set) var dialer: Dialer?

    /// Transfers that have not ended, each knowing its index here.
    private var running: [HTTPTransfer] = []
    /// Those that begin, or go on, at the end of the turn.
    private var scheduled: [HTTPTransfer] = []
    private var finished: [(HTTPTransfer, Result<HTTPResponse, HTTPFailure>)] = []
    /// The loop has called: what is asked for now is done, or delivered, before this returns.
    private var isInTurn = false
    var connections = ConnectionPool()
    var authorities: (context: TLSContext, readAt: Int64)?
    private var lastURL: (text: String, parsed: RequestURL)?
    /// Memory for what is read and written, kept from call to call.
    private var buffers: [[UInt8]] = []
    private static let buffersMax = 4
    /// A body in one piece may have been larger.
    private static let bufferBytesMax = 131_072

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
        relay = DialRelay(driver)
        guard let dialer = Dialer(driver: relay, lookupCacheSeconds: configuration.lookupCacheSeconds)
        else { throw HTTPClientError(description: "libcurl cannot be initialised") }
        self.dialer = dialer
        relay.client = self
    }

    deinit { close() }

    /// Transfers that have not ended.
    package var transferCount: Int { running.count }

    /// Starts `request`. `completion` runs once, later, unless the transfer is cancelled or the client closed.
    package func start(
        _ request: HTTPRequest, completion: @escaping (Result<HTTPResponse, HTTPFailure>) -> Void
    ) -> HTTPTransfer {
        let transfer = HTTPTransfer(
            client: self, request: request, limits: responseLimits, now: driver.now, completion: completion)
        // A closed client has nobody to tell it with.
        guard dialer != nil else {
            _ = transfer.end()
            return transfer
        }
        transfer.position = running.count
        running.append(transfer)
        guard running.count <= configuration.transfersMax else {
            fail(transfer, .unavailable, "the HTTP client has too many transfers")
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
        guard let dialer, !isInTurn else { return }
        isInTurn = true
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
        guard let dialer, !isInTurn else { return }
        isInTurn = true
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
        relay.client = nil
        endTransfers()
        scheduled.removeAll()
        dialer.close()
        connections.queue.removeAll()
        for connection in connections.all() { shut(connection) }
        needsTick = false
        driver.setTimer(milliseconds: nil)
        driver.closed()
    }

    private func endTransfers() {
        let ended = running + finished.map(\.0)
        running.removeAll()
        finished.removeAll()
        // All of them, before the first lets go of anything: what goes then may cancel the next.
        for transfer in ended { transfer.stage = .over }
        for transfer in ended {
            _ = transfer.end()
            transfer.dial?.cancel()
            transfer.dial = nil
            transfer.connection = nil
        }
    }

    func resume(_ transfer: HTTPTransfer) {
        guard transfer.stage == .exchanging else { return }
        switch transfer.source {
        case .ready, .resumed: break
        case .asked: transfer.source = .resumed
        case .paused:
            transfer.source = .ready
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
        guard transfer.stage != .finished, transfer.stage != .over else { return }
        leave(transfer)
        transfer.stage = .finished
        finished.append((transfer, result))
        // The end of the turn delivers it.
        if !isInTurn { tick() }
    }

    func fail(_ transfer: HTTPTransfer, _ kind: HTTPFailure.Kind, _ detail: String) {
        finish(transfer, .failure(transfer.failure(kind, detail)))
    }

    private func deliver() {
        guard !finished.isEmpty else { return }
        let count = finished.count
        var index = 0
        // A completion may close the client, and what fails inside of one is told in another turn.
        while index < min(count, finished.count) {
            let (transfer, result) = finished[index]
            index += 1
            guard transfer.stage == .finished, let completion = transfer.end() else { continue }
            completion(result)
        }
        finished.removeFirst(min(count, finished.count))
        if !finished.isEmpty { tick() }
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

    func setDialerTimer(_ milliseconds: Int?) {
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
        isInTurn = false
        setTimer()
    }

    // MARK: memory

    func takeBuffer() -> [UInt8] { buffers.popLast() ?? [] }

    /// Room for what TLS has to read and say; without it, none is wanted.
    func takeBuffer(sealing connection: OutgoingConnection) -> [UInt8] {
        connection.origin.isEncrypted ? takeBuffer() : []
    }

    func giveBack(_ buffer: consuming [UInt8]) {
        guard (1 ... Self.bufferBytesMax).contains(buffer.capacity) else { return }
        buffer.removeAll(keepingCapacity: true)
        Self.keep(buffer, in: &buffers)
    }

    /// One look at whether anybody else is at `buffers`, not one for each step.
    private static func keep(_ buffer: consuming [UInt8], in buffers: inout [[UInt8]]) {
        if buffers.count < buffersMax { buffers.append(buffer) }
    }
}
