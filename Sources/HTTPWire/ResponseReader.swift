internal import Bytes

/// What comes next in the bytes of one answer.
package enum ResponseEvent: Equatable, Sendable {
    /// All of the input was taken; more bytes are needed.
    case incomplete
    /// A whole head of status 1xx was read and dropped (RFC 9110 § 15.2): its status.
    case interim(Int)
    /// The head of the final answer. Its bytes are what ``ResponseReader/takeHeadBytes()`` hands out or, where that is
    /// nil, the beginning of the input.
    case head(ResponseHead)
    /// Body bytes: a range of the input, never empty.
    case data(Range<Int>)
    /// The answer is complete; bytes behind it answer nothing. Every later call says the same.
    case end
    /// No answer of HTTP/1.1, or one past a bound; every later call says the same.
    case refused(ResponseRefusal)
}

/// Turns the bytes that answer one request into heads, body bytes and an end.
///
/// Feed it input, drop the `consumed` bytes, repeat until it says ``ResponseEvent/incomplete``, ``ResponseEvent/end``
/// or ``ResponseEvent/refused(_:)``. It copies only what arrives of a head before the rest of it: a head that lies in
/// one input is parsed in place.
package struct ResponseReader: Sendable {
    private enum Expecting {
        case head
        case body(BodyDecoder)
        /// Body bytes until the stream ends, and how many more there may be.
        case bytes(remaining: UInt64)
        case nothing(ResponseEvent)
    }

    private let limits: ResponseLimits
    private var expecting = Expecting.head
    private var parser: ResponseParser
    /// The first bytes of a head whose rest has not come yet.
    private var kept: [UInt8] = []
    /// Bytes of the heads that are complete.
    private var headBytes = 0

    /// - Parameter expectsBody: false when the request was HEAD.
    package init(limits: ResponseLimits = ResponseLimits(), expectsBody: Bool) {
        self.limits = limits
        parser = ResponseParser(limits: limits, expectsBody: expectsBody)
    }

    /// Whether no byte of any answer was seen.
    package var isFresh: Bool {
        guard case .head = expecting else { return false }
        return headBytes == 0 && kept.isEmpty
    }

    /// Reads on. `consumed` bytes of the input are done with; a head and ``ResponseEvent/data(_:)`` lie in them.
    package mutating func next(_ input: Span<UInt8>) -> (event: ResponseEvent, consumed: Int) {
        switch expecting {
        case .head:
            return nextHead(input)
        case .body(var decoder):
            let step = decoder.decode(input)
            expecting = .body(decoder)
            switch step {
            case .data(let range, let consumed): return (.data(range), consumed)
            case .incomplete(let consumed): return (.incomplete, consumed)
            case .end(let consumed): return (settle(.end), consumed)
            case .refused(let refusal): return (settle(.refused(ResponseRefusal(body: refusal))), 0)
            }
        case .bytes(let remaining):
            guard !input.isEmpty else { return (.incomplete, 0) }
            guard remaining > 0 else { return (settle(.refused(.bodyTooLarge)), 0) }
            let taken = Int(min(remaining, UInt64(input.count)))
            expecting = .bytes(remaining: remaining - UInt64(taken))
            return (.data(0 ..< taken), taken)
        case .nothing(let event):
            return (event, 0)
        }
    }

    /// The bytes of the head of the last event when it arrived in pieces, handed over; nil when it lies at the
    /// beginning of the input.
    package mutating func takeHeadBytes() -> [UInt8]? {
        if case .head = expecting { return nil }
        guard !kept.isEmpty else { return nil }
        var bytes: [UInt8] = []
        swap(&bytes, &kept)
        return bytes
    }

    /// The stream has ended: ``ResponseEvent/end`` where that is how the body ends or the answer was complete,
    /// ``ResponseEvent/incomplete`` where nothing of an answer had come.
    package mutating func endOfStream() -> ResponseEvent {
        if isFresh { return .incomplete }
        if case .bytes = expecting { return settle(.end) }
        // A body without bytes left to come is complete although nobody has asked yet.
        let event = next(Span()).event
        return event == .incomplete ? settle(.refused(.truncated)) : event
    }

    private mutating func nextHead(_ input: Span<UInt8>) -> (event: ResponseEvent, consumed: Int) {
        let before = kept.count
        let ceiling = min(limits.headBytesMax, limits.totalHeadBytesMax - headBytes)
        do throws(ResponseRefusal) {
            let complete: ResponseParser.Complete?
            if before == 0 {
                complete = try parser.parse(input, ceiling: ceiling)
            } else {
                // The parser never asks for more than a head may have.
                var bytes: [UInt8] = []
                swap(&bytes, &kept)
                bytes.append(contentsOf: input.extracting(first: ceiling - before))
                complete = try parser.parse(bytes.span, ceiling: ceiling)
                swap(&bytes, &kept)
            }
            switch complete {
            case nil:
                if before == 0 { kept.append(contentsOf: input) }
                return (.incomplete, input.count)
            case .interim(let status, let bytes):
                headBytes += bytes
                kept = []
                parser.reset()
                return (.interim(status), bytes - before)
            case .final(let head):
                headBytes += head.headBytes
                expecting = body(of: head)
                // What lies behind the head is offered again.
                if before > 0 { kept.removeLast(kept.count - head.headBytes) }
                return (.head(head), head.headBytes - before)
            }
        } catch {
            return (settle(.refused(error)), 0)
        }
    }

    private func body(of head: ResponseHead) -> Expecting {
        let framing: BodyFraming
        switch head.framing {
        case .untilClose: return .bytes(remaining: limits.bodyBytesMax)
        case .none: framing = .none
        case .length(let bytes): framing = .length(bytes)
        case .chunked: framing = .chunked
        }
        let trailerBytesMax = limits.totalHeadBytesMax - headBytes
        return .body(BodyDecoder(framing: framing, limits: limits.body.withTrailers(bytesMax: trailerBytesMax)))
    }

    private mutating func settle(_ event: ResponseEvent) -> ResponseEvent {
        expecting = .nothing(event)
        kept = []
        return event
    }
}
