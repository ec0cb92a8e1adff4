internal import Bytes
package import FuzzBasics
internal import FuzzBounds
package import HTTPWire

/// What a decoder made of a whole chunked body.
package struct ChunkedOutcome: Equatable, Sendable {
    package enum End: Equatable, Sendable {
        /// Complete after so many wire bytes.
        case complete(Int)
        case incomplete
        case refused
    }

    package var body: [UInt8] = []
    package var end = End.incomplete

    package init(body: [UInt8] = [], end: End = .incomplete) {
        self.body = body
        self.end = end
    }
}

/// Fuzzes the chunked transfer coding: any cut gives the same body, a second, plain reading agrees on the body and on
/// taking or refusing it, and what comes beside the body's bytes stays within its bounds.
package enum ChunkedReading {
    package static func run(_ input: Span<UInt8>, effort: Effort) throws(OracleFailure) {
        try RequestBounds.forEachLimits(input, effort: effort) { limits throws(OracleFailure) in
            try check(input, limits: limits, effort: effort) { input, cuts throws(OracleFailure) in
                try decode(input, cuts: cuts, limits: limits)
            }
        }
    }

    /// The oracle, over any way to decode in pieces.
    package static func check(
        _ input: Span<UInt8>, limits: WireLimits, effort: Effort = .all,
        decode: (_ input: Span<UInt8>, _ cuts: [Int]) throws(OracleFailure) -> ChunkedOutcome
    ) throws(OracleFailure) {
        let whole = try decode(input, [])
        let plain = PlainChunks.read(input.copied(), limits)
        switch (whole.end, plain.outcome.end) {
        case (.refused, .incomplete):
            // A line is refused at its first wrong byte, which the plain reading sees at the line's end.
            guard plain.outcome.body.starts(with: whole.body) else { throw OracleFailure("other bytes, then refused") }
        default:
            guard whole == plain.outcome else { throw OracleFailure("\(whole), not \(plain.outcome)") }
        }
        if case .complete(let wireBytes) = whole.end {
            // Size, CRLF and CRLF of each chunk.
            let overhead = plain.chunks * (limits.chunkSizeDigitsMax + 4)
            let bound = overhead + limits.chunkExtensionTotalBytesMax + limits.trailerBytesMax
            guard wireBytes - whole.body.count <= bound else { throw OracleFailure("too much beside the body") }
        }
        for cuts in CutPlans.plans(for: input, effort: effort) {
            let pieces = try decode(input, cuts)
            guard pieces == whole else { throw OracleFailure("cut at \(cuts.prefix(20)): \(pieces), not \(whole)") }
        }
    }

    private static func decode(
        _ input: Span<UInt8>, cuts: [Int], limits: WireLimits
    ) throws(OracleFailure) -> ChunkedOutcome {
        var decoder = BodyDecoder(framing: .chunked, limits: limits)
        var outcome = ChunkedOutcome()
        var (offset, promised) = (0, UInt64(0))
        for upper in cuts + [input.count] {
            // Each answer but the last of a piece takes a byte.
            for _ in 0 ... upper - offset {
                let piece = input.extracting(offset ..< upper)
                let step = decoder.decode(piece)
                if case .data(let range, let consumed) = step {
                    guard !range.isEmpty, range.lowerBound >= 0, range.upperBound == consumed, consumed <= piece.count
                    else { throw OracleFailure("data outside of what was consumed") }
                    outcome.body.append(contentsOf: piece.extracting(range))
                    offset += consumed
                    continue
                }
                switch step {
                case .data: break
                case .incomplete(let consumed):
                    guard consumed == piece.count else { throw OracleFailure("incomplete, with input left") }
                    offset += consumed
                    promised = max(promised, UInt64(offset) + min(decoder.wireBytesExpected, 1 << 62))
                case .end(let consumed):
                    outcome.end = .complete(offset + consumed)
                    guard UInt64(offset + consumed) >= promised else { throw OracleFailure("more was expected") }
                    return outcome
                case .refused:
                    guard case .refused = decoder.decode(piece) else { throw OracleFailure("refused, not for good") }
                    outcome.end = .refused
                    return outcome
                }
                break
            }
        }
        return outcome
    }
}
