internal import Bytes
package import HTTPWire
package import Linux
package import Reactor

/// One client connection on its worker: reads requests, hands them to its handler one at a time, writes responses.
///
/// It watches its descriptor for reading from the first to the last moment and changes that only when something arrives
/// that it does not want yet: a plain request costs no `epoll_ctl`.
package final class Connection {
    /// The address of the other end, or the one that a trusted proxy's PROXY preface names; nil through a Unix socket.
    package internal(set) var peer: SocketAddress?

    /// The worker outlives its connections.
    unowned let worker: ServingWorker
    /// Its place in the worker's list.
    var index = -1
    let listener: Listener
    var handler: (any RequestHandler)?
    var transport: Transport?
    /// What is read before anything else, of a peer that may announce another; nil once that is over.
    var preface: ProxyPrefaceReader?
    /// The address that the census counts it for.
    var countedAddress: IPAddress?
    /// Whether what the transport carries is TLS. A client that is not even speaking it is answered without.
    var speaksTLS: Bool
    /// From the first byte on: a silent connection costs nothing.
    var session: TLSSession?
    var state: ConnectionState
    var reader: WireReader
    /// What was read and not asked for yet: the beginning of the next requests.
    var leftover: [UInt8] = []
    var leftoverStart = 0
    var pending: Response?
    /// What the kernel did not take yet of what is to be written.
    var output: [UInt8] = []
    var outputStart = 0
    /// Whether a call further up the stack goes on where this one leaves off.
    var isPumping = false
    private var registration = Registration.none
    private var interest: Interest = .read
    private var timer = TimerID.none
    private var timerDue = Int64.max

    init(transport: consuming Transport, peer: SocketAddress?, worker: ServingWorker, listener: Listener) {
        self.peer = peer
        self.listener = listener
        self.worker = worker
        speaksTLS = listener.tlsContext != nil
        state = ConnectionState(limits: worker.limits, now: worker.loop.now, handshakes: speaksTLS)
        reader = WireReader(limits: worker.wireLimits)
        self.transport = consume transport
        if worker.trustsPrefaces(of: peer?.ip) { preface = ProxyPrefaceReader() }
    }

    /// Whether the client's bytes came encrypted.
    package var isSecure: Bool { speaksTLS }

    /// Whether the connection has ended. Every call on it is harmless then.
    package var isClosed: Bool { state.isClosed }

    // MARK: For the handler

    /// Answers the request under way; without one, nothing happens. Before the end of the body it is the last answer on
    /// this connection: it is written, our stream ends, what the client still sends is dropped within bounds.
    package func respond(_ response: Response) {
        guard state.respond(closes: response.closes) else { return }
        pending = response
        pump()
    }

    /// Tells a client that asked for it to send its body (RFC 9110 § 10.1.1); for any other, nothing happens.
    package func sendContinue() {
        guard state.mayContinue else { return }
        state.continued()
        var bytes = worker.takeOutput()
        ResponseWriter.appendContinue(to: &bytes)
        send(bytes.span)
        worker.giveBack(output: bytes)
        settle()
    }

    /// Reads no more of the body until ``resumeReading()``: the client comes to wait. Bytes of the present read are
    /// still handed over. A connection that breaks meanwhile is noticed.
    package func pauseReading() { state.pause(now: now) }

    package func resumeReading() {
        state.resume(now: now)
        settle()
    }

    // MARK: For the worker

    func start(_ handler: any RequestHandler) throws(SystemError) {
        self.handler = handler
        guard let raw = transportRaw else { return }
        registration = try worker.loop.register(raw, interest: interest, handler: self)
        settle()
    }

    /// The server stops: an idle connection is closed, another one after the response under way.
    func stop() {
        if state.stop() { close() }
    }

    /// Ends the connection at once; a request under way is lost.
    func abandon() {
        guard !state.isClosed else { return }
        lose(.shutDown)
    }

    // MARK: Ends

    /// The connection broke, or is given up.
    func lose(_ loss: ClientLoss) {
        let wasWithHandler = state.isWithHandler
        state.close()
        if wasWithHandler { handler?.clientGone(loss) }
        close()
    }

    /// Tells the handler of a loss that it may answer. When it does not, the answer is `fallback`, or nothing.
    func tell(_ loss: ClientLoss, otherwise fallback: WireRefusal? = nil) {
        handler?.clientGone(loss)
        guard state.isWithHandler else { return }
        guard let fallback, let handler else {
            close()
            return
        }
        refuse(handler.wireRefusal(fallback, origin: nil))
    }

    /// Answers what is no request, and closes.
    func refuse(_ response: Response) {
        state.refuse(omitsBody: reader.asksForNoBody, now: now)
        pending = response
    }

    func close() {
        state.close()
        endSession()
        leaveCensus()
        guard let transport = transport.take() else { return }
        worker.loop.cancel(timer)
        worker.loop.deregister(registration, closesDescriptor: true)
        _ = consume transport
        handler = nil
        pending = nil
        leftover = []
        output = []
        worker.remove(self)
        listener.connectionEnded()
    }

    // MARK: The loop

    /// Milliseconds, as the loop counts them.
    var now: Int64 { worker.loop.now }

    var transportRaw: Int32? {
        switch transport {
        case .some(let transport): transport.raw
        case .none: nil
        }
    }

    /// What is wanted of the kernel, after whatever happened. Reading that is not wanted stays registered until
    /// something arrives, see ``ready(_:)``.
    func settle() {
        guard !isPumping, transport != nil else { return }
        if state.isClosed { return close() }
        if isClosedByPeer, wantsBytes, leftover.isEmpty, state.appetite != .drain { return streamEnded() }
        var wanted = interest
        if wantsBytes { wanted.insert(.read) }
        if outputStart < output.count { wanted.insert(.write) } else { wanted.remove(.write) }
        watch(wanted)
        guard let deadline = state.deadline, deadline < timerDue else { return }
        worker.loop.cancel(timer)
        setTimer(at: deadline)
    }

    private var wantsBytes: Bool {
        switch state.appetite {
        case .handshake, .head, .drain: true
        case .body: !state.isPaused
        case .none, .rest, .answer: false
        }
    }

    private func watch(_ wanted: Interest) {
        guard wanted != interest else { return }
        interest = wanted
        do {
            try worker.loop.modify(registration, interest: wanted)
        } catch {
            // Only a machine without memory refuses (epoll_ctl(2)): a connection that nobody watches is lost.
            lose(.reset)
        }
    }

    private func setTimer(at due: Int64) {
        timerDue = due
        timer = worker.loop.schedule(afterMilliseconds: due - now, self)
    }
}

extension Connection: EventHandler {
    package func ready(_ events: ReadyEvents) {
        let isBroken = events.hangup || events.error
        if events.writable { flushOutput() }
        if wantsBytes, events.readable || isBroken {
            // Reading tells a reset from an end, and what came before either is still there.
            readOn()
        } else if isBroken, !state.isClosed {
            // Our stream has not ended here, so this is a reset and no orderly end.
            lose(.reset)
        } else if events.readable, !state.isClosed {
            watch(interest.subtracting(.read))
        }
        settle()
    }
}

extension Connection: TimerHandler {
    package func timerFired(_ timer: TimerID) {
        self.timer = .none
        timerDue = .max
        switch state.timePassed(now: now) {
        case .wait: break
        case .close: close()
        case .refuseHead:
            if let handler { refuse(handler.headTimeout(origin: reader.origin)) }
        case .tell(let loss): tell(loss)
        }
        pump()
    }
}
