internal import Bytes
internal import FuzzBasics
internal import HTTPWire

/// An answer read plainly: all of it at once, with the reader's strictness and none of its code.
struct PlainAnswer {
    private(set) var interim: [Int] = []
    private(set) var head: PlainAnswerHead?
    /// Where the head begins.
    private(set) var headStart = 0
    private(set) var body: [UInt8] = []
    private(set) var end = AnswerTranscript.End.incomplete
    /// Whether a refusal may be earlier and for another reason: the plain reading of chunks sees a wrong byte at its
    /// line's end, or does not.
    private(set) var isVague = false
    /// Whether the end of the stream completes what is incomplete.
    private(set) var endsWithStream = false

    init(_ bytes: [UInt8], _ bounds: AnswerBounds, expectsBody: Bool) {
        let limits = bounds.limits
        var left = limits.totalHeadBytesMax
        while head == nil {
            let reading = PlainAnswerHead.read(
                bytes[headStart...], bytesMax: min(limits.headBytesMax, left), limits: limits, expectsBody: expectsBody)
            switch reading {
            case .incomplete: return
            case .refused(let refusal):
                end = .refused(refusal)
                return
            case .head(let complete):
                left -= complete.headBytes
                if complete.status < 200 {
                    interim.append(complete.status)
                    headStart += complete.headBytes
                } else {
                    head = complete
                    readBody(Array(bytes[(headStart + complete.headBytes)...]), complete, bounds, trailers: left)
                }
            }
        }
    }

    private mutating func readBody(_ bytes: [UInt8], _ head: PlainAnswerHead, _ bounds: AnswerBounds, trailers: Int) {
        let start = headStart + head.headBytes
        switch head.framing {
        case .none:
            end = .complete(start)
        case .length(let length):
            body = Array(bytes.prefix(Int(clamping: length)))
            if UInt64(body.count) == length { end = .complete(start + body.count) }
        case .untilClose:
            body = Array(bytes.prefix(Int(clamping: bounds.limits.bodyBytesMax)))
            if body.count < bytes.count { end = .refused(.bodyTooLarge) }
            endsWithStream = true
        case .chunked:
            let outcome = PlainChunks.read(bytes, bounds.chunks(trailerBytesMax: trailers)).outcome
            body = outcome.body
            switch outcome.end {
            case .complete(let wireBytes): end = .complete(start + wireBytes)
            case .incomplete: isVague = true
            case .refused:
                isVague = true
                // For whatever of the two reasons it is.
                end = .refused(.bodyTooLarge)
            }
        }
    }

    func check(_ transcript: AnswerTranscript) throws(OracleFailure) {
        guard transcript.interim == interim
        else { throw OracleFailure("interim \(transcript.interim), not \(interim)") }
        try checkHead(transcript)
        if isVague, case .refused(let refusal) = transcript.end {
            switch refusal {
            case .chunks, .bodyTooLarge: break
            default: throw OracleFailure("\(refusal), in the middle of chunks")
            }
            guard body.starts(with: transcript.body) else { throw OracleFailure("other bytes, then refused") }
        } else {
            guard transcript.end == end else { throw OracleFailure("\(transcript.end), not \(end)") }
            guard transcript.body == body else { throw OracleFailure("other body bytes") }
        }
        let last: ResponseEvent =
            switch transcript.end {
            case .complete: .end
            case .refused(let refusal): .refused(refusal)
            case .incomplete where endsWithStream: .end
            case .incomplete where transcript.bytes == 0: .incomplete
            case .incomplete: .refused(.truncated)
            }
        guard transcript.atEndOfStream == last
        else { throw OracleFailure("\(transcript.atEndOfStream) at the stream's end, not \(last)") }
    }

    private func checkHead(_ transcript: AnswerTranscript) throws(OracleFailure) {
        guard let found = transcript.head, let head else {
            guard transcript.head == nil, head == nil else { throw OracleFailure("a head too much, or none") }
            return
        }
        let fields = found.fields.map {
            PlainAnswerHead.Field(name: $0.name.range, value: $0.value.isEmpty ? 0 ..< 0 : $0.value.range)
        }
        guard transcript.headStart == headStart, found.headBytes == head.headBytes, fields == head.fields
        else { throw OracleFailure("a head or its fields stand elsewhere") }
        guard found.status == head.status, found.minorVersion == head.minorVersion else {
            throw OracleFailure("\(found.status) in 1.\(found.minorVersion), not \(head.status)")
        }
        guard found.framing == head.framing else { throw OracleFailure("\(found.framing), not \(head.framing)") }
        guard found.keepsAlive == head.keepsAlive
        else { throw OracleFailure("the connection goes on: \(found.keepsAlive), not \(head.keepsAlive)") }
    }
}
