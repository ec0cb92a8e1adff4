internal import Bytes
internal import Dialing
internal import HTTPWire
internal import Linux

/// One request on its way. Ends by itself with one call of its completion, or by ``cancel()`` with none.
package final class HTTPTransfer {
    typealias Completion = (Result<HTTPResponse, HTTPFailure>) -> Void

    enum Stage {
        /// Begins at the end of the turn.
        case new
        /// Its connection is being made.
        case connecting
        /// All connections are taken.
        case queued
        case exchanging
        /// Its result waits to be delivered.
        case finished
        /// Delivered or cancelled.
        case over
    }

    /// Lives while the transfer is not ``Stage/over``: a client that goes ends those that it has.
    private unowned let client: HTTPClient
    var stage = Stage.new
    /// Index in the client's list of those that run.
    var position = 0
    /// How often sending the request was begun, or is about to be: one that meets a kept connection's end, before a
    /// byte of the answer, is sent once more, whatever its method (RFC 9112 § 9.3.1).
    package private(set) var sendCount = 0

    private(set) var request: HTTPRequest
    private var completion: Completion?
    /// Of the loop's clock, in milliseconds. The first is for each connection anew.
    private(set) var connectDeadline: Int64
    let deadline: Int64?

    enum Sent { case nothing, some, all }

    /// Whether the source of the body can be asked.
    enum Source {
        case ready
        /// It is being asked.
        case asked
        /// It has more, which it said while it was being asked.
        case resumed
        /// It has nothing, and will tell.
        case paused
    }

    // MARK: its connection, and what it has sent

    var url: RequestURL?
    var dial: Dial?
    /// Refers back to the transfer until either is through.
    var connection: OutgoingConnection?
    var state = ExchangeState(asksFirst: false)
    /// `Expect` is not sent again to a server that does not know it.
    var mayAsk = true
    var askDeadline: Int64?
    /// What of the request the server may have, of the last time that it was sent.
    var sent = Sent.nothing
    var source = Source.ready
    /// Stands in the client's list of those that go on at the end of the turn.
    var isScheduled = false
    var bodyRest: Int64 = 0
    private let bodyLength: Int64

    // MARK: its answer

    var reader: ResponseReader
    private var fields = HTTPResponseFields()
    private var body: [UInt8] = []

    init(
        client: HTTPClient, request: HTTPRequest, limits: ResponseLimits, now: Int64, completion: @escaping Completion
    ) {
        self.client = client
        self.request = request
        self.completion = completion
        connectDeadline = now + Int64(request.connectMilliseconds)
        deadline = request.totalMilliseconds.map { now + Int64($0) }
        switch request.body {
        case .none, .bytes: bodyLength = 0
        case .streamed(let length, _): bodyLength = length
        }
        bodyRest = bodyLength
        reader = ResponseReader(limits: limits, expectsBody: request.method != .head)
    }

    /// Asks a source that said ``BodySupply/pending`` again. Does nothing for a transfer that is not paused.
    package func resume() {
        if stage == .exchanging { client.resume(self) }
    }

    /// Ends the transfer: its completion is never called, and its source never again once this (or the call of the
    /// source that this is made from) has returned. The connection is closed unless the transfer was through.
    package func cancel() {
        if stage != .over { client.cancel(self) }
    }

    /// Takes the completion out, so that it runs at most once, and lets go of what the request holds.
    func end() -> Completion? {
        stage = .over
        defer {
            completion = nil
            request.body = .none
        }
        return completion
    }

    /// When it has to be looked at, if nothing happens before.
    var due: Int64 {
        var due = deadline ?? .max
        switch stage {
        // The dialer looks after the time that a connection takes.
        case .connecting: break
        case .new, .queued: due = min(due, connectDeadline)
        case .exchanging:
            if connection?.isHandshaking == true { due = min(due, connectDeadline) }
            if let askDeadline { due = min(due, askDeadline) }
        case .finished, .over: return .max
        }
        return due
    }

    // MARK: the request

    /// Whether the request's head asks whether the body is wanted.
    func asksFirst(bytesMin: Int64) -> Bool {
        if case .streamed = request.body { mayAsk && bodyLength >= bytesMin } else { false }
    }

    /// Appends the head (RFC 9112 § 3), and the body where all of it is there.
    func appendHead(to output: inout [UInt8], asksFirst: Bool) {
        guard let url else { return }
        output.append(contentsOf: request.method.name.utf8Span.span)
        output.append(0x20)
        output.append(contentsOf: (request.target ?? url.target).utf8Span.span)
        output.append(contentsOf: " HTTP/1.1\r\n".utf8Span.span)
        output.append(contentsOf: url.hostLine)
        output.append(contentsOf: request.fields.bytes)
        if let length = contentLength {
            output.append(contentsOf: "Content-Length: ".utf8Span.span)
            Decimal.append(UInt64(length), to: &output)
            output.append(contentsOf: "\r\n".utf8Span.span)
        }
        if asksFirst { output.append(contentsOf: "Expect: 100-continue\r\n".utf8Span.span) }
        output.append(contentsOf: "\r\n".utf8Span.span)
        if case .bytes(let bytes) = request.body { output.append(contentsOf: bytes) }
    }

    /// POST and PUT have one without a body too (RFC 9110 § 8.6).
    private var contentLength: Int64? {
        switch request.body {
        case .bytes(let bytes): Int64(bytes.count)
        case .streamed(let length, _): length
        case .none: request.method == .post || request.method == .put ? 0 : nil
        }
    }

    /// Shorter runs are copied: with what follows they make one write.
    private static let directBytesMin = 32_768
    /// The same of a run that ends a write anyway: a copy of it costs less than the call that takes two pieces.
    private static let lastBytesMin = 2_048

    private func isWorthItsOwnWrite(_ count: Int, _ room: Int) -> Bool {
        count >= Self.directBytesMin || count == room && count >= Self.lastBytesMin
    }

    enum Supplied {
        case bytes
        /// The source has nothing now.
        case pending
        /// The source has failed, or has ended too early.
        case failed
        /// The transfer is over: its source has ended it.
        case over
    }

    /// Takes the next bytes of the body until `bytesMax` wait to be sent or the source has no more. A long run of them
    /// is sent as it lies there, behind what waits, without a copy.
    func supply(
        _ output: inout [UInt8], bytesMax: Int, on connection: OutgoingConnection, sealed: inout [UInt8]
    ) -> Supplied {
        guard case .streamed(_, let source) = request.body else { return .failed }
        var isSent = false
        while bodyRest > 0, output.count < bytesMax, !isSent {
            var taken = 0
            let room = Int(min(Int64(bytesMax - output.count), bodyRest))
            let supply = source.next { span in
                guard taken == 0 else { return 0 }
                taken = min(span.count, room)
                let bytes = span.extracting(first: taken)
                if isWorthItsOwnWrite(taken, room), connection.sends(output.span, then: bytes, sealed: &sealed) {
                    sent = .some
                    output.removeAll(keepingCapacity: true)
                    isSent = true
                } else {
                    output.append(copying: bytes)
                }
                return taken
            }
            guard stage == .exchanging else { return .over }
            bodyRest -= Int64(taken)
            guard taken == 0 else { continue }
            switch supply {
            case .pending: return .pending
            case .supplied, .end, .failed: return .failed
            }
        }
        return .bytes
    }

    /// Was sent once more already, on a new connection.
    var isRepeated: Bool { sendCount > 1 }

    /// The request's first byte is about to be sent.
    func beginSending() {
        if sendCount == 0 { sendCount = 1 }
    }

    /// Makes the request ready to be sent from its beginning; false where the first bytes of the body are gone.
    func rewind(limits: ResponseLimits, now: Int64) -> Bool {
        if case .streamed(_, let source) = request.body, bodyRest < bodyLength {
            guard source.rewind() else { return false }
        }
        sendCount += 1
        sent = .nothing
        state = ExchangeState(asksFirst: false)
        connectDeadline = now + Int64(request.connectMilliseconds)
        bodyRest = bodyLength
        if case .paused = source { source = .ready }
        askDeadline = nil
        reader = ResponseReader(limits: limits, expectsBody: request.method != .head)
        fields = HTTPResponseFields()
        body = []
        return true
    }

    // MARK: the answer

    /// Notes the fields of the final head.
    func take(_ head: ResponseHead, of bytes: Span<UInt8>) {
        let bytes = reader.takeHeadBytes() ?? bytes.extracting(first: head.headBytes).copied()
        fields = HTTPResponseFields(head: bytes, fields: head.fields)
    }

    /// Takes bytes of the answer's body; false: they are more than the request allows.
    func take(body bytes: Span<UInt8>) -> Bool {
        guard body.count + bytes.count <= request.responseBytesMax else { return false }
        body.append(contentsOf: bytes)
        return true
    }

    var response: HTTPResponse {
        HTTPResponse(status: state.status ?? 0, fields: fields, body: body)
    }

    func failure(_ kind: HTTPFailure.Kind, _ detail: String) -> HTTPFailure {
        HTTPFailure(kind: kind, detail: detail, requestSent: sent != .nothing, bodySent: sent == .all)
    }

    /// Whether the server may still have bytes of the body: not once it has answered, or has all.
    package var wantsBody: Bool { stage != .exchanging || state.wantsBody }
}
