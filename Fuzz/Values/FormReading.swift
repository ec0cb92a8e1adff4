internal import Bytes
package import FormData
package import FuzzBasics

/// Fuzzes the reading of forms: any cut of a body gives the same parts, and what was read is what a second, plain
/// reading of the whole body finds. An input is a `Content-Type` value, a line feed, and the body.
package enum FormReading {
    /// Every bound within reach of a few hundred bytes, so that the bounds are fuzzed too.
    package static let tightLimits = FormLimits(
        preambleBytesMax: 16, paddingBytesMax: 2, partHeadBytesMax: 96, partFieldsMax: 2, partsMax: 3,
        epilogueBytesMax: 8)

    package static func run(_ input: Span<UInt8>, effort: Effort) throws(OracleFailure) {
        var lineEnd = 0
        while lineEnd < input.count, input[lineEnd] != 0x0A { lineEnd += 1 }
        guard lineEnd < input.count else { return }
        let boundary: FormBoundary
        do throws(FormFault) {
            guard let parsed = try FormBoundary.parse(contentType: input.extracting(first: lineEnd)) else { return }
            boundary = parsed
        } catch {
            guard OracleFailure.isLine(error.detail) else { throw OracleFailure("nothing to say of \(error)") }
            return
        }
        try check(boundary)
        let body = input.extracting(droppingFirst: lineEnd + 1)
        for limits in [FormLimits(), tightLimits] {
            try check(body, boundary: boundary, effort: effort) { body, cuts throws(OracleFailure) in
                try FormTranscript(body, boundary: boundary, cuts: cuts, limits: limits)
            }
        }
    }

    private static func check(_ boundary: FormBoundary) throws(OracleFailure) {
        let delimiter = boundary.delimiter
        guard delimiter.starts(with: Array("\r\n--".utf8)), (5 ... 74).contains(delimiter.count),
            delimiter.last != 0x20, delimiter.dropFirst(2).allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 })
        else { throw OracleFailure("a boundary that RFC 2046 does not know") }
    }

    /// The oracle, over any way to read a body in pieces.
    package static func check(
        _ body: Span<UInt8>, boundary: FormBoundary, effort: Effort = .all,
        read: (_ body: Span<UInt8>, _ cuts: [Int]) throws(OracleFailure) -> FormTranscript
    ) throws(OracleFailure) {
        let whole = try read(body, [])
        try compare(whole, PlainForm(body.copied(), delimiter: boundary.delimiter))
        for cuts in CutPlans.plans(for: body, effort: effort) {
            let pieces = try read(body, cuts)
            guard pieces == whole else {
                throw OracleFailure("cut at \(cuts.prefix(20)): \(pieces)\nwhole: \(whole)")
            }
        }
    }

    /// The reader may refuse what the plain reading takes, since it is strict; what it takes is the same.
    private static func compare(_ transcript: FormTranscript, _ plain: PlainForm) throws(OracleFailure) {
        let complete = transcript.parts.filter(\.isComplete).map(\.data)
        guard plain.parts.starts(with: complete) else { throw OracleFailure("other data") }
        switch transcript.fault {
        case nil:
            guard plain.isComplete, complete.count == plain.parts.count, complete.count == transcript.parts.count
            else { throw OracleFailure("complete for the reader alone") }
        case .noDelimiter, .cutShort:
            guard !plain.isComplete else { throw OracleFailure("a complete form went unnoticed") }
        default: break
        }
    }
}
