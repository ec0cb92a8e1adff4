internal import Bytes
internal import Linux
internal import TLS

/// A connection to a server, from the moment it stands: bytes of HTTP go in and out, through TLS where the origin asks
/// for it. What the kernel does not take waits here, already encrypted.
final class OutgoingConnection {
    enum Received: Equatable {
        /// Bytes, perhaps none that mean anything to HTTP.
        case bytes
        /// Nothing is there to be read.
        case nothing
        /// The server sends no more, and says so.
        case ended
        /// The connection is of no use any more: why.
        case lost(String)
        /// The handshake came to nothing, or what followed it is no TLS.
        case refused(TLSFailure)
    }

    let origin: Origin
    let descriptor: Int32
    let establishedAt: Int64
    var idleSince: Int64 = 0
    var isIdle = false
    /// The loop looks whether it takes bytes, too.
    var isWatchedForWriting = false
    /// More could be sent, but others come first.
    var yields = false
    /// Requests that were sent on it.
    var requestCount = 0
    var transfer: HTTPTransfer?
    /// What its server was trusted by; nil without TLS.
    private(set) var context: TLSContext?

    private var socket: FileDescriptor?
    private var session: ClientSession?
    private var backlog: [UInt8] = []
    private var backlogStart = 0
    /// Bytes of HTTP that libssl does not take in the middle of a message of its own.
    private var unsealed: [UInt8] = []
    /// Why nothing can be sent any more.
    private var sendFailure: String?

    /// One read of the socket takes so much: an answer of S3 is below a kilobyte, a parameter's below ten.
    private static let readBytes = 16_384

    /// What TLS has to say by itself, such as new keys, may wait for the kernel up to so much.
    private static let unaskedBytesMax = 65_536

    /// - Parameter socket: connected and non-blocking.
    init(_ socket: consuming FileDescriptor, origin: Origin, now: Int64) {
        descriptor = socket.raw
        self.socket = consume socket
        self.origin = origin
        establishedAt = now
    }

    /// Whether bytes wait for the kernel to take them, or for TLS.
    var hasBacklog: Bool { waitsForKernel || !unsealed.isEmpty }

    var waitsForKernel: Bool { backlogStart < backlog.count }

    var isClosed: Bool { socket == nil }

    /// Whether another request may follow, as far as the connection goes.
    var isFree: Bool { !hasBacklog && !isBroken && ending == nil }

    /// Whether what was given to be sent can never leave.
    var isBroken: Bool { sendFailure != nil }

    /// Whether HTTP has to wait for the first handshake. What comes later, such as a ticket in two records, is no
    /// business of HTTP's, although libssl is not in its "initialised" state then.
    var isHandshaking: Bool { session.map { !$0.wasEstablished } ?? false }

    /// What came behind the bytes that were received last, and counts after them.
    var ending: Received? { session?.ending }

    /// Whether the server has sent nothing that has not been read.
    var isSilent: Bool { socket?.isSilent ?? false }

    // MARK: TLS

    /// Sends the first words of a handshake. False: there is no memory for it.
    func beginHandshake(_ context: TLSContext, resuming previous: TLSClientSession?) -> Bool {
        guard let made = ClientSession(context, host: origin.certifiedName, resuming: previous) else { return false }
        session = made
        self.context = context
        var hello: [UInt8] = []
        made.engine.begin(output: &hello)
        sendRaw(hello.span)
        return true
    }

    /// What the next connection may take up; nil without TLS, or before the server has given a ticket.
    var resumableSession: TLSClientSession? {
        guard let session = session?.engine.session(), session.hasTicket else { return nil }
        return session
    }

    // MARK: sending

    /// Sends bytes of HTTP, after those that wait already. A failure shows in ``isBroken``.
    func send(_ bytes: Span<UInt8>, sealed: inout [UInt8]) {
        guard let session else { return sendRaw(bytes) }
        guard unsealed.isEmpty, session.engine.isEstablished else { return unsealed.append(contentsOf: bytes) }
        sealed.removeAll(keepingCapacity: true)
        if let failure = session.engine.send(bytes, output: &sealed) {
            sendFailure = failure.detail
        } else {
            sendRaw(sealed.span)
        }
    }

    /// Sends bytes of HTTP that lie in two places, in one call and without a copy. False, with nothing done: others
    /// wait before them, or through TLS the first would make a record of its own.
    func sends(_ first: Span<UInt8>, then second: Span<UInt8>, sealed: inout [UInt8]) -> Bool {
        if first.isEmpty {
            send(second, sealed: &sealed)
            return true
        }
        guard session == nil, !waitsForKernel, !isBroken else { return false }
        var count = 0
        do throws(SystemError) {
            switch try socket?.send(first, second) {
            case .bytes(let sent): count = sent
            case .wouldBlock: break
            case .closed, nil: sendFailure = "the server takes no more"
            }
        } catch {
            sendFailure = error.description
        }
        if count < first.count { sendRaw(first.extracting(droppingFirst: count)) }
        let rest = second.extracting(droppingFirst: max(0, count - first.count))
        if !rest.isEmpty { sendRaw(rest) }
        return true
    }

    /// Sends what waits.
    func flush() {
        guard waitsForKernel else { return }
        var waiting: [UInt8] = []
        swap(&waiting, &backlog)
        let start = backlogStart
        backlogStart = 0
        let rest = write(waiting.span.extracting(droppingFirst: start))
        guard rest > 0 else { return }
        backlogStart = waiting.count - rest
        swap(&waiting, &backlog)
    }

    private func sendRaw(_ bytes: Span<UInt8>) {
        let rest = waitsForKernel ? bytes.count : write(bytes)
        guard rest > 0, !isBroken else { return }
        backlog.append(contentsOf: bytes.extracting(last: rest))
    }

    /// Gives bytes to the kernel until it takes no more; how many it left. None are left of what can never leave.
    private func write(_ bytes: Span<UInt8>) -> Int {
        var rest = bytes
        while !rest.isEmpty, !isBroken {
            do throws(SystemError) {
                switch try socket?.send(rest) {
                case .bytes(let count): rest = rest.extracting(droppingFirst: count)
                case .wouldBlock: return rest.count
                case .closed, nil: sendFailure = "the server takes no more"
                }
            } catch {
                sendFailure = error.description
            }
        }
        return 0
    }

    // MARK: receiving

    /// Reads once and appends what it means to HTTP to `output`.
    ///
    /// - Parameter sealed: room for what TLS reads, and has to say.
    func receive(into output: inout [UInt8], sealed: inout [UInt8]) -> Received {
        guard let session else { return read(into: &output) }
        sealed.removeAll(keepingCapacity: true)
        let received = read(into: &sealed)
        // An end of the stream without a word of TLS's own may have been cut in by anybody (RFC 8446 § 6.1).
        if received == .ended { return .lost("the connection was closed without the end that TLS has") }
        guard received == .bytes else { return received }
        var answer: [UInt8] = []
        let progress = session.engine.receive(sealed.span, plaintext: &output, output: &answer)
        if !answer.isEmpty {
            sendRaw(answer.span)
            // A server that makes the engine talk and does not listen.
            if waitsForKernel { session.unaskedBytes += answer.count }
        }
        switch progress {
        case .handshaking: break
        case .established:
            session.wasEstablished = true
            sealWaiting(session)
        case .closedByPeer: session.ending = .ended
        case .failed(let failure): session.ending = .refused(failure)
        }
        if session.unaskedBytes > Self.unaskedBytesMax {
            session.ending = .lost("the server does not read what it asks for")
        }
        return output.isEmpty ? session.ending ?? .bytes : .bytes
    }

    private func sealWaiting(_ session: ClientSession) {
        guard !unsealed.isEmpty else { return }
        var waiting: [UInt8] = []
        swap(&waiting, &unsealed)
        var sealed: [UInt8] = []
        send(waiting.span, sealed: &sealed)
    }

    private func read(into output: inout [UInt8]) -> Received {
        var received = Received.nothing
        output.append(addingCapacity: Self.readBytes) { room in
            do throws(SystemError) {
                switch try socket?.read(into: &room) {
                case .bytes: received = .bytes
                case .wouldBlock: received = .nothing
                case .closed, nil: received = .ended
                }
            } catch {
                received = .lost(error.description)
            }
        }
        return received
    }

    // MARK: the end

    /// Closes the connection, with a last word of TLS where nothing waits before it.
    func close() {
        if let session, !hasBacklog, !isBroken {
            var goodbye: [UInt8] = []
            session.engine.close(output: &goodbye)
            if !goodbye.isEmpty { _ = write(goodbye.span) }
        }
        session = nil
        unsealed = []
        backlog = []
        backlogStart = 0
        socket = nil
    }
}

/// A connection's engine, which cannot be copied, and what is to be remembered beside it.
private final class ClientSession {
    let engine: TLSEngine
    /// The first handshake is over.
    var wasEstablished = false
    var ending: OutgoingConnection.Received?
    /// What the engine had to say by itself while the server took nothing.
    var unaskedBytes = 0

    /// nil: there is no memory for it.
    init?(_ context: TLSContext, host: String, resuming session: TLSClientSession?) {
        guard let engine = TLSEngine.client(context, host: host, resuming: session) else { return nil }
        self.engine = engine
    }
}
