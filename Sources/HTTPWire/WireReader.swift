internal import Bytes

/// What comes next in the byte stream of one connection.
package enum WireEvent: Equatable, Sendable {
    /// All of the input was taken; more bytes are needed.
    case incomplete
    /// A head. Its bytes are what ``WireReader/takeHeadBytes()`` hands out or, where that is nil, the beginning of the
    /// input.
    case head(RequestHead)
    /// Body bytes: a range of the input, never empty.
    case data(Range<Int>)
    /// The request is complete. The next call begins the next one.
    case end
    /// The stream cannot be read any further; every later call says the same.
    case refused(WireRefusal)
}

/// Where in the stream a reader stands: what an end of the stream would mean here.
package enum WirePosition: Equatable, Sendable {
    /// Between requests: a clean end.
    case betweenRequests
    case inHead
    case inBody
    case refused
}

/// Turns the byte stream of a client into requests: heads, body bytes, ends.
///
/// Feed it input, drop the `consumed` bytes, repeat until it says ``WireEvent/incomplete`` or nothing is left to ask.
/// It copies only what arrives of a head before the rest of it: a head that lies in one input is parsed in place.
package struct WireReader: Sendable {
    private enum Expecting {
        case head
        case body(BodyDecoder)
        case nothing(WireRefusal)
    }

    private let limits: WireLimits
    private var expecting = Expecting.head
    private var parser: RequestParser
    /// The first bytes of a head whose rest has not come yet.
    private var kept: [UInt8] = []
    private var refusedOrigin: [UInt8]?

    package init(limits: WireLimits = WireLimits()) {
        self.limits = limits
        parser = RequestParser(limits: limits)
    }

    package var position: WirePosition {
        switch expecting {
        case .head: kept.isEmpty || parser.isFresh ? .betweenRequests : .inHead
        case .body: .inBody
        case .nothing: .refused
        }
    }

    /// Whether the head that was refused, or has not come to its end, is of a request whose answer has no body
    /// (RFC 9110 § 9.3.2), as far as it was read.
    package var asksForNoBody: Bool { parser.method == .head }

    /// The `Origin` of the head that was refused, or has not come to its end, as far as it was read: what a browser
    /// needs in an answer in order to show it.
    package var origin: [UInt8]? { refusedOrigin ?? parser.origin(in: kept.span) }

    /// How many more bytes surely belong to the request under way, see ``BodyDecoder/wireBytesExpected``.
    package var wireBytesExpected: UInt64 {
        guard case .body(let decoder) = expecting else { return 0 }
        return decoder.wireBytesExpected
    }

    /// Reads on. `consumed` bytes of the input are done with; a head and ``WireEvent/data(_:)`` lie in them.
    package mutating func next(_ input: Span<UInt8>) -> (event: WireEvent, consumed: Int) {
        switch expecting {
        case .head:
            return nextHead(input)
        case .body(var decoder):
            let step = decoder.decode(input)
            expecting = .body(decoder)
            switch step {
            case .data(let range, let consumed):
                return (.data(range), consumed)
            case .incomplete(let consumed):
                return (.incomplete, consumed)
            case .end(let consumed):
                expecting = .head
                kept = []
                return (.end, consumed)
            case .refused(let refusal):
                return refuse(refusal)
            }
        case .nothing(let refusal):
            return (.refused(refusal), 0)
        }
    }

    /// The bytes of the head of the last event when it arrived in pieces, handed over; nil when it lies at the
    /// beginning of the input.
    package mutating func takeHeadBytes() -> [UInt8]? {
        guard case .body = expecting, !kept.isEmpty else { return nil }
        var bytes: [UInt8] = []
        swap(&bytes, &kept)
        return bytes
    }

    private mutating func nextHead(_ input: Span<UInt8>) -> (event: WireEvent, consumed: Int) {
        let before = kept.count
        let progress: HeadProgress
        if before == 0 {
            progress = parser.parse(input)
        } else {
            // The parser never asks for more than a head may have.
            var bytes: [UInt8] = []
            swap(&bytes, &kept)
            bytes.append(contentsOf: input.extracting(first: limits.headBytesMax - before))
            progress = parser.parse(bytes.span)
            swap(&bytes, &kept)
        }
        switch progress {
        case .incomplete:
            if before == 0 { kept.append(contentsOf: input) }
            return (.incomplete, input.count)
        case .head(let head):
            parser.reset()
            expecting = .body(BodyDecoder(framing: head.framing, limits: limits))
            return (.head(head), head.headBytes - before)
        case .refused(let refusal):
            refusedOrigin = before == 0 ? parser.origin(in: input) : parser.origin(in: kept.span)
            return refuse(refusal)
        }
    }

    private mutating func refuse(_ refusal: WireRefusal) -> (event: WireEvent, consumed: Int) {
        expecting = .nothing(refusal)
        kept = []
        return (.refused(refusal), 0)
    }
}
