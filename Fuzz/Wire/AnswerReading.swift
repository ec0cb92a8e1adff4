internal import Bytes
package import FuzzBasics
internal import FuzzPlain

/// Fuzzes the reading of answers. An input's first byte says what it is: an answer to a request that expects a body
/// (`0`) or to HEAD (`1`), or choices that make an answer which is right by construction, or has one defect (`2`).
///
/// Any cut gives the same events, and what was read is what a second, plain reading of all bytes at once finds.
package enum AnswerReading {
    package static func run(_ input: Span<UInt8>, effort: Effort) throws(OracleFailure) {
        var choices = Choices(input)
        let form = choices.number(under: 3)
        if form == 2 {
            let limits = AnswerBounds.wide.limits
            try checkMade(GeneratedAnswer(&choices), effort: effort) {
                stream, cuts, expectsBody throws(OracleFailure) in
                try AnswerTranscript(stream, cuts: cuts, limits: limits, expectsBody: expectsBody)
            }
            return
        }
        let stream = Array(choices.rest())
        var hash = InputHash(input)
        let isTight = hash.next() >> 32 & 1 == 1
        if effort == .all || isTight { try check(stream, .tight, expectsBody: form == 0, effort: effort) }
        if effort == .all || !isTight { try check(stream, .wide, expectsBody: form == 0, effort: effort) }
    }

    private static func check(
        _ stream: [UInt8], _ bounds: AnswerBounds, expectsBody: Bool, effort: Effort
    ) throws(OracleFailure) {
        try check(stream, bounds: bounds, expectsBody: expectsBody, effort: effort) {
            stream, cuts throws(OracleFailure) in
            try AnswerTranscript(stream, cuts: cuts, limits: bounds.limits, expectsBody: expectsBody)
        }
    }

    /// The oracle, over any way to read an answer in pieces.
    package static func check(
        _ stream: [UInt8], bounds: AnswerBounds, expectsBody: Bool, effort: Effort = .all,
        read: (_ stream: Span<UInt8>, _ cuts: [Int]) throws(OracleFailure) -> AnswerTranscript
    ) throws(OracleFailure) {
        let whole = try read(stream.span, [])
        try PlainAnswer(stream, bounds, expectsBody: expectsBody).check(whole)
        try checkCuts(stream, whole, effort: effort, read: read)
    }

    /// The oracle over what is right by construction.
    package static func checkMade(
        _ made: GeneratedAnswer, effort: Effort = .all,
        read: (_ stream: Span<UInt8>, _ cuts: [Int], _ expectsBody: Bool) throws(OracleFailure) -> AnswerTranscript
    ) throws(OracleFailure) {
        let whole = try read(made.bytes.span, [], made.expectsBody)
        try made.check(whole)
        try checkCuts(made.bytes, whole, effort: effort) { stream, cuts throws(OracleFailure) in
            try read(stream, cuts, made.expectsBody)
        }
    }

    private static func checkCuts(
        _ stream: [UInt8], _ whole: AnswerTranscript, effort: Effort,
        read: (_ stream: Span<UInt8>, _ cuts: [Int]) throws(OracleFailure) -> AnswerTranscript
    ) throws(OracleFailure) {
        for cuts in CutPlans.plans(for: stream.span, effort: effort) {
            let pieces = try read(stream.span, cuts)
            guard pieces == whole else { throw OracleFailure("cut at \(cuts.prefix(20)): \(pieces), not \(whole)") }
        }
    }
}
