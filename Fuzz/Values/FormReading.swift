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
        let value = input.extracting(first: lineEnd)
        let boundary = try checkBoundary(value) { value throws(FormFault) in
            try FormBoundary.parse(contentType: value)
        }
        guard let boundary else { return }
        let body = input.extracting(droppingFirst: lineEnd + 1)
        for limits in [FormLimits(), tightLimits] {
            let isTight = limits == tightLimits
            try check(body, boundary: boundary, effort: effort, isTight: isTight) { body, cuts throws(OracleFailure) in
                try FormTranscript(body, boundary: boundary, cuts: cuts, limits: limits)
            }
        }
    }

    /// The oracle of the boundary, over any way to find it.
    @discardableResult package static func checkBoundary(
        _ value: Span<UInt8>, parse: (Span<UInt8>) throws(FormFault) -> FormBoundary?
    ) throws(OracleFailure) -> FormBoundary? {
        let plain = PlainBoundary(value.copied()[...])
        let found: PlainBoundary
        var boundary: FormBoundary?
        do throws(FormFault) {
            boundary = try parse(value)
            found = boundary.map { .right(Array($0.delimiter.dropFirst(4))) } ?? .otherType
        } catch {
            guard OracleFailure.isLine(error.detail) else { throw OracleFailure("nothing to say of \(error)") }
            found = .wrong
        }
        guard found == plain, boundary?.delimiter.starts(with: Array("\r\n--".utf8)) ?? true
        else { throw OracleFailure("\(found), read plainly \(plain)") }
        return boundary
    }

    /// The oracle, over any way to read a body in pieces. One with tight limits may refuse any of them.
    package static func check(
        _ body: Span<UInt8>, boundary: FormBoundary, effort: Effort = .all, isTight: Bool = false,
        read: (_ body: Span<UInt8>, _ cuts: [Int]) throws(OracleFailure) -> FormTranscript
    ) throws(OracleFailure) {
        let whole = try read(body, [])
        let plain = PlainForm(body.copied(), delimiter: boundary.delimiter)
        try compare(whole, plain)
        guard isTight || whole.fault == nil || !plain.isComplete || !plain.isCommon
        else { throw OracleFailure("a common form is refused: \(whole)") }
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
