internal import Bytes
package import FuzzBasics
package import HTTPWire

/// What a reader made of the bytes of an answer, in a form that does not show the cuts.
package struct AnswerTranscript: Equatable, Sendable {
    package enum End: Equatable, Sendable {
        case incomplete
        /// Complete after so many bytes.
        case complete(Int)
        case refused(ResponseRefusal)
    }

    package var interim: [Int] = []
    package var head: ResponseHead?
    /// Where the head begins.
    package var headStart = 0
    package var body: [UInt8] = []
    package var end = End.incomplete
    /// What the end of the stream gives behind all that was read.
    package var atEndOfStream = ResponseEvent.incomplete
    /// How many bytes there were.
    package var bytes = 0

    /// Feeds `stream` to a reader, cut at the given offsets (which ascend), and checks on the way what every single
    /// event must hold.
    package init(
        _ stream: Span<UInt8>, cuts: [Int], limits: ResponseLimits, expectsBody: Bool
    ) throws(OracleFailure) {
        var feed = AnswerFeed(limits: limits, expectsBody: expectsBody)
        bytes = stream.count
        for upper in cuts + [stream.count] where end == .incomplete { try feed.read(stream, to: upper, into: &self) }
        atEndOfStream = try feed.finish(stream, self)
    }
}

/// The connection's part: keeps offering what was not consumed.
private struct AnswerFeed {
    private var reader: ResponseReader
    private var offset = 0

    init(limits: ResponseLimits, expectsBody: Bool) {
        reader = ResponseReader(limits: limits, expectsBody: expectsBody)
    }

    mutating func read(
        _ stream: Span<UInt8>, to upper: Int, into transcript: inout AnswerTranscript
    ) throws(OracleFailure) {
        let lower = offset
        // Each event but the last takes at least one byte; an end may take none.
        for _ in 0 ... upper - lower + 1 {
            let input = stream.extracting(offset ..< upper)
            let (event, consumed) = reader.next(input)
            guard consumed >= 0, consumed <= input.count else { throw OracleFailure("consumed more than was there") }
            offset += consumed
            if case .head(let head) = event {
                guard transcript.head == nil else { throw OracleFailure("a second head") }
                transcript.headStart = offset - head.headBytes
                transcript.head = head
                try checkHeadBytes(head, stream, start: transcript.headStart, input: input)
            }
            guard reader.takeHeadBytes() == nil else { throw OracleFailure("head bytes without a head, or twice") }
            switch event {
            case .incomplete:
                guard offset == upper else { throw OracleFailure("incomplete, with input left") }
                guard reader.isFresh == (offset == 0) else { throw OracleFailure("fresh: \(reader.isFresh)") }
                return
            case .interim(let status):
                guard transcript.head == nil, consumed > 0 else { throw OracleFailure("an interim head too late") }
                transcript.interim.append(status)
            case .head: break
            case .data(let range):
                guard !range.isEmpty, range.lowerBound >= 0, range.upperBound <= consumed, transcript.head != nil
                else { throw OracleFailure("body bytes outside of what was consumed") }
                transcript.body.append(contentsOf: input.extracting(range))
            case .end:
                guard transcript.head != nil else { throw OracleFailure("the end of nothing") }
                transcript.end = .complete(offset)
                return
            case .refused(let refusal):
                transcript.end = .refused(refusal)
                return
            }
        }
        throw OracleFailure("the reader does not come to an end")
    }

    private mutating func checkHeadBytes(
        _ head: ResponseHead, _ stream: Span<UInt8>, start: Int, input: Span<UInt8>
    ) throws(OracleFailure) {
        guard head.headBytes > 0, start >= 0 else { throw OracleFailure("a head before the stream") }
        let bytes = stream.extracting(start ..< offset)
        guard let kept = reader.takeHeadBytes() else {
            guard input.count >= bytes.count, input.hasPrefix(bytes) else { throw OracleFailure("other head bytes") }
            return
        }
        guard kept.count == bytes.count, kept.span.hasPrefix(bytes) else { throw OracleFailure("other head bytes") }
    }

    /// The end of the stream, after which nothing else is ever said but where nothing had come.
    mutating func finish(
        _ stream: Span<UInt8>, _ transcript: AnswerTranscript
    ) throws(OracleFailure) -> ResponseEvent {
        let last = reader.endOfStream()
        if last == .incomplete {
            guard stream.isEmpty, reader.isFresh else { throw OracleFailure("incomplete, and the stream has ended") }
            return last
        }
        if case .refused(let refusal) = last {
            guard OracleFailure.isLine(refusal.detail) else { throw OracleFailure("nothing to say of \(refusal)") }
        }
        guard reader.next(stream) == (last, 0), reader.endOfStream() == last, !reader.isFresh
        else { throw OracleFailure("\(last), and not for good") }
        return last
    }
}
