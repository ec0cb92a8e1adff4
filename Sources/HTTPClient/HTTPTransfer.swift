internal import Bytes

/// One request on its way. Ends by itself with one call of its completion, or by ``cancel()`` with none.
package final class HTTPTransfer {
    typealias Completion = (Result<HTTPResponse, HTTPFailure>) -> Void

    enum Stage {
        /// Started from inside a callback of curl, which must not be entered again: starts right after it.
        case waiting
        case running
        /// Its result waits to be delivered.
        case finished
        /// Delivered or cancelled.
        case over
    }

    weak var client: HTTPClient?
    var stage = Stage.waiting
    var isPaused = false
    /// How often sending the request was begun: curl repeats one, whatever its method, when a kept connection ends
    /// before a byte of the answer, and says nothing of it.
    package private(set) var sendCount = 0
    /// The handle that carries it, while it runs.
    var handle: CurlHandle?
    /// What stands in the way beside curl's own code: set by the callbacks that end a transfer.
    private(set) var ownFailure: HTTPFailure.Kind?

    private(set) var request: HTTPRequest
    private var completion: Completion?
    /// Bytes of the request's body.
    let bodyLength: Int64
    private var bodyRest: Int64 = 0

    private let fieldBytesMax: Int
    /// Bytes of all heads, interim ones included, and of trailers.
    private var lineBytes = 0
    private var fields = HTTPResponseFields()
    private var isHeadOver = false
    private var isInterim = false
    private var body: [UInt8] = []

    init(client: HTTPClient, request: HTTPRequest, fieldBytesMax: Int, completion: @escaping Completion) {
        self.client = client
        self.request = request
        self.fieldBytesMax = fieldBytesMax
        self.completion = completion
        switch request.body {
        case .none: bodyLength = 0
        case .bytes(let bytes): bodyLength = Int64(bytes.count)
        case .streamed(let length, _):
            bodyLength = length
            bodyRest = length
        }
    }

    /// Lets go of a body that was all there, now that the handle has its copy.
    func dropCopiedBody() {
        if case .bytes = request.body { request.body = .none }
    }

    /// Asks a source that said ``BodySupply/pending`` again. Does nothing for a transfer that is not paused.
    package func resume() {
        client?.resume(self)
    }

    /// Ends the transfer: its completion is never called, and its source never again once this (or the call of the
    /// source that this is made from) has returned. The connection is closed unless the transfer was through.
    package func cancel() {
        client?.cancel(self)
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

    // MARK: what curl calls

    enum Supplied {
        case bytes(Int)
        case pause
        case abort
    }

    func willSend() { sendCount += 1 }

    /// The next bytes of the body, copied by `copy`, which must take as many as it is told.
    func supply(capacity: Int, _ copy: (Span<UInt8>) -> Void) -> Supplied {
        guard stage == .running, case .streamed(_, let source) = request.body else { return .abort }
        guard bodyRest > 0 else { return .bytes(0) }
        var taken = 0
        let room = Int(min(Int64(capacity), bodyRest))
        let supply = source.next { span in
            guard taken == 0 else { return 0 }
            taken = min(span.count, room)
            copy(span.extracting(0..<taken))
            return taken
        }
        guard stage == .running else { return .abort }
        bodyRest -= Int64(taken)
        if taken > 0 { return .bytes(taken) }
        switch supply {
        case .pending:
            isPaused = true
            return .pause
        case .supplied, .end, .failed:
            ownFailure = .bodySource
            return .abort
        }
    }

    /// Goes back to the first byte of the body.
    func rewind() -> Bool {
        guard stage == .running, case .streamed(let length, let source) = request.body else { return false }
        guard source.rewind() else {
            ownFailure = .bodySource
            return false
        }
        bodyRest = length
        return true
    }

    /// As many full heads may a server send for one request: an early hint or two and trailers fit in many times over.
    private static let headsMax = 4

    /// Takes one line of the answer's head, its line end included; false ends the transfer.
    func receive(line: Span<UInt8>) -> Bool {
        guard stage == .running else { return false }
        // Of interim heads and trailers nothing is kept, but a server could send them without an end.
        lineBytes += line.count
        guard lineBytes <= Self.headsMax * fieldBytesMax else {
            ownFailure = .malformedResponse
            return false
        }
        var end = line.count
        while end > 0, line[end - 1] == 0x0A || line[end - 1] == 0x0D { end -= 1 }
        if line.hasPrefix("HTTP/".utf8Span.span) {
            // A new head: what came before was an interim answer.
            fields.removeAll()
            isHeadOver = false
            isInterim = line.count > 9 && line[9] == 0x31
            return true
        }
        if end == 0 { endHead() }
        // What comes after the head's end are trailers, which nobody here asks for.
        guard !isHeadOver else { return true }
        guard fields.byteCount + end <= fieldBytesMax else {
            ownFailure = .malformedResponse
            return false
        }
        fields.append(line: line.extracting(0..<end))
        return true
    }

    /// The final answer's head is here. When it came before the body's end, curl 7.88 stops sending (for a status of
    /// 400 or more), yet takes a transfer whose sending is paused for unfinished: the pause has to go.
    private func endHead() {
        isHeadOver = true
        if isPaused, !isInterim { resume() }
    }

    /// Takes bytes of the answer's body; false ends the transfer.
    func receive(body bytes: Span<UInt8>) -> Bool {
        guard stage == .running else { return false }
        guard body.count + bytes.count <= request.responseBytesMax else {
            ownFailure = .responseTooLarge
            return false
        }
        body.append(contentsOf: bytes)
        return true
    }

    /// Whether curl was given the whole body, which is not yet to say that the connection was.
    var isBodySent: Bool { bodyRest == 0 }

    func response(status: Int) -> HTTPResponse {
        HTTPResponse(status: status, fields: fields, body: body)
    }
}
