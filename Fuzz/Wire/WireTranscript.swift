internal import Bytes
package import FuzzBasics
package import HTTPWire

/// What a reader made of a whole byte stream, in a form that does not show the cuts.
package struct WireTranscript: Equatable, Sendable {
    package struct Request: Equatable, Sendable {
        /// Where the head begins in the stream, with the empty lines before it.
        package var start: Int
        package var head: RequestHead
        package var body: [UInt8] = []
        /// The offset behind the request's last byte; nil when the stream ended before.
        package var end: Int?
    }

    package var requests: [Request] = []
    package var refusal: WireRefusal?
    /// Where the stream's end was met; ``WirePosition/refused`` after a refusal.
    package var position = WirePosition.betweenRequests
    /// What an answer to the request under way, or to the refused one, has to know of it.
    package var asksForNoBody = false
    package var origin: [UInt8]?

    /// Feeds `stream` to a reader, cut at the given offsets (which ascend), and checks on the way what every single
    /// answer must hold.
    package init(_ stream: Span<UInt8>, cuts: [Int], limits: WireLimits) throws(OracleFailure) {
        var feed = WireFeed(limits: limits)
        var lower = 0
        for upper in cuts where refusal == nil {
            try feed.read(stream, lower ..< upper, into: &self)
            lower = upper
        }
        if refusal == nil { try feed.read(stream, lower ..< stream.count, into: &self) }
        position = feed.position
        asksForNoBody = feed.asksForNoBody
        origin = feed.origin
    }
}

/// The connection's part: keeps offering what was not consumed.
private struct WireFeed {
    private var reader: WireReader
    private var offset = 0
    /// The furthest offset that the reader said still belongs to the request under way.
    private var promised = 0

    init(limits: WireLimits) { reader = WireReader(limits: limits) }

    var position: WirePosition { reader.position }
    var asksForNoBody: Bool { reader.asksForNoBody }
    var origin: [UInt8]? { reader.origin }

    mutating func read(
        _ stream: Span<UInt8>, _ piece: Range<Int>, into transcript: inout WireTranscript
    ) throws(OracleFailure) {
        // A head, its data and its end are three answers for at least one byte; one more begins the next.
        for _ in 0 ... 4 * piece.count + 4 {
            let input = stream.extracting(offset ..< piece.upperBound)
            let (event, consumed) = reader.next(input)
            guard consumed >= 0, consumed <= input.count else { throw OracleFailure("consumed more than was there") }
            offset += consumed
            switch event {
            case .incomplete:
                guard offset == piece.upperBound else { throw OracleFailure("incomplete, with input left") }
                promised = max(promised, offset + Int(clamping: min(reader.wireBytesExpected, 1 << 60)))
                return
            case .head(let head):
                let start = offset - head.headBytes
                try checkHeadBytes(head, stream, start: start, input: input)
                transcript.requests.append(WireTranscript.Request(start: start, head: head))
                promised = offset
            case .data(let range):
                guard !range.isEmpty, range.lowerBound >= 0, range.upperBound <= consumed, !transcript.requests.isEmpty
                else { throw OracleFailure("body bytes outside of what was consumed") }
                transcript.requests[transcript.requests.count - 1].body.append(contentsOf: input.extracting(range))
            case .end:
                guard promised <= offset else { throw OracleFailure("more bytes were expected than there were") }
                guard !transcript.requests.isEmpty else { throw OracleFailure("the end of nothing") }
                transcript.requests[transcript.requests.count - 1].end = offset
            case .refused(let refusal):
                let again = reader.next(stream.extracting(droppingFirst: offset))
                guard again == (.refused(refusal), 0) else { throw OracleFailure("refused, and not for good") }
                guard (400 ... 599).contains(refusal.status), OracleFailure.isLine(refusal.detail)
                else { throw OracleFailure("nothing to say of \(refusal)") }
                transcript.refusal = refusal
                return
            }
        }
        throw OracleFailure("the reader does not come to an end")
    }

    private mutating func checkHeadBytes(
        _ head: RequestHead, _ stream: Span<UInt8>, start: Int, input: Span<UInt8>
    ) throws(OracleFailure) {
        guard head.headBytes > 0, start >= 0 else { throw OracleFailure("a head before the stream") }
        let bytes = stream.extracting(start ..< offset)
        let kept = reader.takeHeadBytes()
        if let kept {
            guard kept.count >= bytes.count, kept.span.hasPrefix(bytes) else { throw OracleFailure("other head bytes") }
        } else {
            guard input.count >= bytes.count, input.hasPrefix(bytes) else { throw OracleFailure("other head bytes") }
        }
    }
}
