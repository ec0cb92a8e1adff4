internal import HTTPWire

/// Which phase a connection is in, what it may do next, and until when: no descriptor, no clock, no bytes.
///
/// An event goes in, what to do about it comes out; the driver is ``Connection``. Times are milliseconds of one clock.
struct ConnectionState: ~Copyable {
    /// Named by what is expected next.
    private enum Phase {
        /// The peer's part of TLS's handshake; since the connection was accepted.
        case handshake(since: Int64)
        case head(Awaiting)
        case body(Exchange)
        /// The whole body is there; the handler is at work.
        case response(Exchange)
        /// The response is there and not yet written.
        case answered(Exchange, bodyIsComplete: Bool)
        case writing(keepsAlive: Bool, since: Int64)
        case draining(Drain)
        case closed
    }

    private struct Awaiting {
        let since: Int64
        /// When the first byte of the head came.
        var begunAt: Int64?
        let isFirst: Bool
    }

    private struct Exchange {
        let form: ResponseWriter.Form
        let startedAt: Int64
        var lastByteAt: Int64
        var bodyBytes: UInt64 = 0
        var mayContinue: Bool
        var pausedAt: Int64?
        /// Time in which the client was kept from sending.
        var pausedMilliseconds: Int64 = 0
        /// Whether handler or server want the connection closed after this response.
        var closes = false
    }

    private struct Drain {
        let startedAt: Int64
        var lastByteAt: Int64
        var bytes: UInt64 = 0
    }

    /// What the connection wants bytes for.
    enum Appetite: Equatable {
        /// TLS's handshake: no byte of it is HTTP's.
        case handshake
        /// Nothing: whatever comes stays in the kernel.
        case none
        /// A head, or the rest of one.
        case head
        /// Body bytes.
        case body
        /// What was read already of the body of a request that is answered: if it ends there, the connection can stay.
        case rest
        /// Nothing any more: the response is complete and goes out.
        case answer
        /// Bytes to drop, so that the client comes to read its answer.
        case drain
    }

    enum AfterWriting: Equatable {
        /// No response was being written.
        case nothing
        case nextRequest
        case halfClose
    }

    /// What a deadline that has passed asks for.
    enum Verdict: Equatable {
        /// It was moved: look again then.
        case wait
        case close
        /// The head did not come in time: answer it and close.
        case refuseHead
        /// Tell the handler.
        case tell(ClientLoss)
    }

    private let limits: ServingLimits
    private var phase: Phase
    private var isStopping = false

    /// `handshakes`: TLS comes first.
    init(limits: ServingLimits, now: Int64, handshakes: Bool = false) {
        self.limits = limits
        phase = handshakes ? .handshake(since: now) : .head(Awaiting(since: now, begunAt: nil, isFirst: true))
    }

    var appetite: Appetite {
        switch phase {
        case .handshake: .handshake
        case .head: .head
        case .body: .body
        case .response, .writing, .closed: .none
        case .answered(_, let isComplete): isComplete ? .answer : .rest
        case .draining: .drain
        }
    }

    var isClosed: Bool {
        if case .closed = phase { true } else { false }
    }

    /// Whether a request is with the handler: it was told of the head and did not answer yet.
    var isWithHandler: Bool {
        switch phase {
        case .body, .response: true
        case .handshake, .head, .answered, .writing, .draining, .closed: false
        }
    }

    /// Since when there is no request, and no byte of one; nil: there is. A handshake is no request.
    var idleSince: Int64? {
        switch phase {
        case .handshake(let since): since
        case .head(let awaiting): awaiting.begunAt == nil ? awaiting.since : nil
        case .body, .response, .answered, .writing, .draining, .closed: nil
        }
    }

    /// Whether our stream ends right behind what is being written.
    var endsAfterWriting: Bool {
        switch phase {
        case .writing(keepsAlive: false, _), .draining: true
        default: false
        }
    }

    /// Whether a response is on its way to the kernel.
    var isWriting: Bool {
        if case .writing = phase { true } else { false }
    }

    /// Whether the client is kept from sending.
    var isPaused: Bool {
        if case .body(let exchange) = phase { exchange.pausedAt != nil } else { false }
    }

    /// Whether `100 Continue` may be sent now: it was asked for, and no body byte came without it.
    var mayContinue: Bool {
        if case .body(let exchange) = phase { exchange.mayContinue } else { false }
    }

    // MARK: What the client does

    /// The handshake is complete: the time for the first head begins.
    mutating func handshakeComplete(now: Int64) {
        guard case .handshake = phase else { return }
        phase = .head(Awaiting(since: now, begunAt: nil, isFirst: true))
    }

    /// The handshake came to nothing and the client was told why: it is given the time to read that.
    mutating func handshakeFailed(now: Int64) {
        guard case .handshake = phase else { return }
        phase = .draining(Drain(startedAt: now, lastByteAt: now))
    }

    /// A head has begun and is not complete.
    mutating func headBegan(now: Int64) {
        guard case .head(var awaiting) = phase, awaiting.begunAt == nil else { return }
        awaiting.begunAt = now
        phase = .head(awaiting)
    }

    mutating func headComplete(_ head: RequestHead, now: Int64) {
        guard case .head = phase else { return }
        let form = ResponseWriter.Form(
            omitsBody: head.method == .head, keepsAlive: head.keepsAlive, minorVersion: head.minorVersion)
        phase = .body(Exchange(form: form, startedAt: now, lastByteAt: now, mayContinue: head.expectsContinue))
    }

    /// Body bytes came; whether they are the handler's.
    mutating func bodyArrived(bytes: Int, now: Int64) -> Bool {
        guard case .body(var exchange) = phase else { return false }
        exchange.bodyBytes += UInt64(bytes)
        exchange.lastByteAt = now
        exchange.mayContinue = false
        phase = .body(exchange)
        return true
    }

    /// The body is complete; whether the handler is to be told.
    mutating func bodyComplete() -> Bool {
        switch phase {
        case .body(let exchange):
            phase = .response(exchange)
            return true
        case .answered(let exchange, bodyIsComplete: false):
            phase = .answered(exchange, bodyIsComplete: true)
            return false
        case .handshake, .head, .response, .answered, .writing, .draining, .closed:
            return false
        }
    }

    /// The client's stream ended; whether the handler is to be told that the body stays short. Otherwise: close.
    mutating func streamEnded() -> Bool {
        if case .body = phase { return true }
        phase = .closed
        return false
    }

    /// Dropped bytes came while draining; false when there were too many: close.
    mutating func drained(bytes: Int, now: Int64) -> Bool {
        guard case .draining(var drain) = phase else { return false }
        drain.bytes += UInt64(bytes)
        drain.lastByteAt = now
        guard drain.bytes <= limits.drainBytesMax else {
            phase = .closed
            return false
        }
        phase = .draining(drain)
        return true
    }

    // MARK: What the server does

    /// The handler responds; false when there is nothing to respond to.
    mutating func respond(closes: Bool) -> Bool {
        switch phase {
        case .body(var exchange):
            exchange.closes = closes
            phase = .answered(exchange, bodyIsComplete: false)
        case .response(var exchange):
            exchange.closes = closes
            phase = .answered(exchange, bodyIsComplete: true)
        case .handshake, .head, .answered, .writing, .draining, .closed:
            return false
        }
        return true
    }

    /// The request, or what should have been one, is answered by the connection itself, which is closed then. Nothing
    /// happens where there is an answer already, or nobody to read it.
    mutating func refuse(omitsBody: Bool, now: Int64) {
        var omitsBody = omitsBody
        switch phase {
        case .handshake, .head: break
        case .body(let exchange), .response(let exchange): omitsBody = exchange.form.omitsBody
        case .answered, .writing, .draining, .closed: return
        }
        let form = ResponseWriter.Form(omitsBody: omitsBody, keepsAlive: false)
        let exchange = Exchange(form: form, startedAt: now, lastByteAt: now, mayContinue: false)
        phase = .answered(exchange, bodyIsComplete: false)
    }

    /// The response is about to be written: in which form. A body that is not complete ends the connection.
    mutating func beginWriting(now: Int64) -> ResponseWriter.Form {
        guard case .answered(let exchange, let bodyIsComplete) = phase
        else { return ResponseWriter.Form(keepsAlive: false) }
        let keepsAlive = exchange.form.keepsAlive && bodyIsComplete && !exchange.closes && !isStopping
        phase = .writing(keepsAlive: keepsAlive, since: now)
        return ResponseWriter.Form(
            omitsBody: exchange.form.omitsBody, keepsAlive: keepsAlive, minorVersion: exchange.form.minorVersion)
    }

    /// Some of the response was taken by the client.
    mutating func wrote(now: Int64) {
        guard case .writing(let keepsAlive, _) = phase else { return }
        phase = .writing(keepsAlive: keepsAlive, since: now)
    }

    /// All of the response was handed to the kernel.
    mutating func written(now: Int64) -> AfterWriting {
        guard case .writing(let keepsAlive, _) = phase else { return .nothing }
        guard keepsAlive, !isStopping else {
            phase = .draining(Drain(startedAt: now, lastByteAt: now))
            return .halfClose
        }
        phase = .head(Awaiting(since: now, begunAt: nil, isFirst: false))
        return .nextRequest
    }

    mutating func continued() {
        guard case .body(var exchange) = phase else { return }
        exchange.mayContinue = false
        phase = .body(exchange)
    }

    mutating func pause(now: Int64) {
        guard case .body(var exchange) = phase, exchange.pausedAt == nil else { return }
        exchange.pausedAt = now
        phase = .body(exchange)
    }

    mutating func resume(now: Int64) {
        guard case .body(var exchange) = phase, let pausedAt = exchange.pausedAt else { return }
        exchange.pausedMilliseconds += now - pausedAt
        exchange.pausedAt = nil
        exchange.lastByteAt = now
        phase = .body(exchange)
    }

    /// The server stops: no request after the present one. True when there is none: close.
    mutating func stop() -> Bool {
        isStopping = true
        switch phase {
        case .handshake: break
        case .head(let awaiting) where awaiting.begunAt == nil: break
        case .head, .body, .response, .answered, .writing, .draining, .closed: return false
        }
        phase = .closed
        return true
    }

    mutating func close() { phase = .closed }

    // MARK: Deadlines

    /// When something must have happened; nil: never.
    var deadline: Int64? {
        switch phase {
        case .handshake(let since):
            return since + limits.handshakeMilliseconds
        case .head(let awaiting):
            if let begunAt = awaiting.begunAt { return begunAt + limits.headMilliseconds }
            return awaiting.since + (awaiting.isFirst ? limits.headMilliseconds : limits.keepAliveMilliseconds)
        case .body(let exchange):
            let whole = exchange.startedAt + limits.requestMilliseconds
            return exchange.pausedAt == nil ? min(whole, bodyDeadline(exchange)) : whole
        case .response(let exchange):
            return exchange.startedAt + limits.requestMilliseconds
        case .answered(let exchange, _):
            return exchange.lastByteAt + limits.requestMilliseconds
        case .writing(_, let since):
            return since + limits.writeIdleMilliseconds
        case .draining(let drain):
            let earned = Int64(clamping: drain.bytes) * 1_000 / max(limits.drainBytesPerSecondMin, 1)
            return drain.startedAt
                + min(
                    limits.drainMilliseconds, limits.drainGraceMilliseconds + earned,
                    drain.lastByteAt - drain.startedAt + limits.drainIdleMilliseconds)
        case .closed:
            return nil
        }
    }

    /// The bytes that came pay for time: at the least rate, so many milliseconds after the grace.
    private func bodyDeadline(_ exchange: Exchange) -> Int64 {
        guard limits.bodyBytesPerSecondMin > 0 else { return exchange.lastByteAt + limits.bodyIdleMilliseconds }
        let paid = exchange.bodyBytes / UInt64(limits.bodyBytesPerSecondMin)
        let earned = Int64(min(paid, 1 << 32)) * 1_000
        return min(
            exchange.lastByteAt + limits.bodyIdleMilliseconds,
            exchange.startedAt + exchange.pausedMilliseconds + limits.bodyGraceMilliseconds + earned)
    }

    /// A deadline may have passed.
    mutating func timePassed(now: Int64) -> Verdict {
        guard let deadline, deadline <= now else { return .wait }
        switch phase {
        case .head(let awaiting):
            guard awaiting.begunAt != nil else {
                phase = .closed
                return .close
            }
            return .refuseHead
        case .body(let exchange):
            return .tell(exchange.startedAt + limits.requestMilliseconds <= now ? .requestTooLong : .bodyTooSlow)
        case .response:
            return .tell(.requestTooLong)
        case .handshake, .answered, .writing, .draining, .closed:
            phase = .closed
            return .close
        }
    }
}
