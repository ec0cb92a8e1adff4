package import FuzzBasics
internal import FuzzPlain
package import HTTPWire

/// Fuzzes the incremental parser as fast as it goes: every bound holds, offsets only grow and cover a head without a
/// gap, and nothing comes after an error. Each head and each body is shown in two pieces; what the right events are is
/// for the targets that have a second reading.
package enum RequestBounds {
    private static let wideLimits = WireLimits()

    /// Every bound within reach of a few hundred bytes, so that the bounds are fuzzed too.
    package static let tightLimits = WireLimits(
        headBytesMax: 192, requestLineBytesMax: 64, fieldsMax: 5, methodBytesMax: 8, emptyLinesMax: 1,
        bodyBytesMax: 4_096, chunkSizeDigitsMax: 6, chunkExtensionBytesMax: 16, chunkExtensionTotalBytesMax: 40,
        trailerBytesMax: 64, trailerFieldsMax: 3)

    package static func run(_ input: Span<UInt8>, effort: Effort) throws(OracleFailure) {
        try forEachLimits(input, effort: effort) { limits throws(OracleFailure) in try check(input, limits: limits) }
    }

    /// Hands over both sets of limits, with some effort the one that the input's hash chooses.
    @inline(__always)
    package static func forEachLimits(
        _ input: Span<UInt8>, effort: Effort, _ body: (WireLimits) throws(OracleFailure) -> Void
    ) throws(OracleFailure) {
        var generator = InputHash(input)
        let isTight = generator.next() >> 32 & 1 == 1
        if effort == .all || isTight { try body(tightLimits) }
        if effort == .all || !isTight { try body(wideLimits) }
    }

    @inline(__always)
    private static func check(_ input: Span<UInt8>, limits: WireLimits) throws(OracleFailure) {
        try check(input, limits: limits) { parser, bytes in
            parser.parse(bytes)
        } decode: { decoder, bytes in
            decoder.decode(bytes)
        }
    }

    /// The oracle, over any way to parse and to decode.
    @inline(__always)
    package static func check(
        _ stream: Span<UInt8>, limits: WireLimits,
        parse: (inout RequestParser, Span<UInt8>) -> HeadProgress,
        decode: (inout BodyDecoder, Span<UInt8>) -> BodyStep
    ) throws(OracleFailure) {
        var start = 0
        while start < stream.count {
            let rest = stream.extracting(droppingFirst: start)
            guard let head = try readHead(rest, limits, parse) else { return }
            try HeadBounds.check(head, of: rest, limits: limits)
            let body = rest.extracting(droppingFirst: head.headBytes)
            guard let bodyBytes = try readBody(body, head.framing, limits, decode) else { return }
            start += head.headBytes + bodyBytes
        }
    }

    /// The head at the beginning; nil where there is none.
    @inline(__always)
    private static func readHead(
        _ bytes: Span<UInt8>, _ limits: WireLimits, _ parse: (inout RequestParser, Span<UInt8>) -> HeadProgress
    ) throws(OracleFailure) -> RequestHead? {
        var parser = RequestParser(limits: limits)
        let early = parse(&parser, bytes.extracting(first: bytes.count / 2))
        let progress = parse(&parser, bytes)
        if early != .incomplete {
            guard progress == early else { throw OracleFailure("\(early), and then \(progress)") }
        }
        switch progress {
        case .head(let head):
            guard parse(&parser, bytes) == progress else { throw OracleFailure("a head that is not the last word") }
            return head
        case .incomplete:
            try HeadBounds.checkIncomplete(bytes, limits: limits)
            return nil
        case .refused(let refusal):
            guard parse(&parser, bytes) == progress else { throw OracleFailure("refused, and not for good") }
            try HeadBounds.check(refusal, of: bytes, limits: limits)
            return nil
        }
    }

    /// How many bytes the body takes; nil where it does not come to its end.
    @inline(__always)
    private static func readBody(
        _ bytes: Span<UInt8>, _ framing: BodyFraming, _ limits: WireLimits,
        _ decode: (inout BodyDecoder, Span<UInt8>) -> BodyStep
    ) throws(OracleFailure) -> Int? {
        var decoder = BodyDecoder(framing: framing, limits: limits)
        var offset = 0
        var dataBytes = 0
        for look in 0 ..< 2 {
            let upper = look == 0 ? bytes.count / 2 : bytes.count
            // Each answer but the last is of at least one byte.
            var answers = upper - offset + 1
            pieces: while true {
                guard answers > 0 else { throw OracleFailure("the decoder does not come to an end") }
                answers -= 1
                let input = bytes.extracting(offset ..< upper)
                switch decode(&decoder, input) {
                case .data(let range, let consumed):
                    guard !range.isEmpty, range.lowerBound >= 0, range.upperBound <= consumed, consumed <= input.count
                    else { throw OracleFailure("body bytes outside of what was consumed") }
                    offset += consumed
                    dataBytes += range.count
                    guard UInt64(dataBytes) <= framing.declaredBytes ?? limits.bodyBytesMax
                    else { throw OracleFailure("more body than is allowed") }
                case .incomplete(let consumed):
                    guard consumed == input.count else { throw OracleFailure("incomplete, with input left") }
                    offset += consumed
                    break pieces
                case .end(let consumed):
                    guard consumed >= 0, consumed <= input.count else { throw OracleFailure("an end behind the input") }
                    guard UInt64(dataBytes) == framing.declaredBytes ?? UInt64(dataBytes)
                    else { throw OracleFailure("a body that is not as long as declared") }
                    return offset + consumed
                case .refused(let refusal):
                    guard decode(&decoder, bytes.extracting(offset ..< bytes.count)) == .refused(refusal),
                        framing == .chunked
                    else { throw OracleFailure("refused, and not for good") }
                    return nil
                }
            }
        }
        return nil
    }
}
