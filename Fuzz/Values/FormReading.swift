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
    private static let tightBounds = PlainForm.Bounds(
        preambleBytes: 16, paddingBytes: 2, headBytes: 96, fields: 2, parts: 3, epilogueBytes: 8)

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
        for (limits, bounds) in [(FormLimits(), PlainForm.Bounds()), (tightLimits, tightBounds)] {
            try check(body, boundary: boundary, effort: effort, bounds: bounds) { body, cuts throws(OracleFailure) in
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

    /// The oracle, over any way to read a body in pieces.
    package static func check(
        _ body: Span<UInt8>, boundary: FormBoundary, effort: Effort = .all, bounds: PlainForm.Bounds = .init(),
        read: (_ body: Span<UInt8>, _ cuts: [Int]) throws(OracleFailure) -> FormTranscript
    ) throws(OracleFailure) {
        let whole = try read(body, [])
        try compare(whole, PlainForm(body.copied(), delimiter: boundary.delimiter), bounds)
        for cuts in CutPlans.plans(for: body, effort: effort) {
            let pieces = try read(body, cuts)
            guard pieces == whole else {
                throw OracleFailure("cut at \(cuts.prefix(20)): \(pieces)\nwhole: \(whole)")
            }
        }
    }

    /// What the reader takes is what the plain reading finds, and it takes all that is right and nothing else.
    private static func compare(
        _ transcript: FormTranscript, _ plain: PlainForm, _ bounds: PlainForm.Bounds
    ) throws(OracleFailure) {
        guard transcript.parts.count <= plain.parts.count else { throw OracleFailure("a part that is not there") }
        for (index, part) in transcript.parts.enumerated() {
            guard isSame(part.head, plain.head(of: index, within: bounds))
            else { throw OracleFailure("another head of part \(index): \(part.head)") }
            guard !part.isComplete || part.data == plain.parts[index].data else { throw OracleFailure("other data") }
        }
        let isRight = plain.isRight(within: bounds)
        switch transcript.fault {
        case nil:
            guard isRight, transcript.parts.count == plain.parts.count, transcript.parts.allSatisfy(\.isComplete)
            else { throw OracleFailure("complete for the reader alone") }
        case .noDelimiter, .cutShort:
            guard !plain.isComplete else { throw OracleFailure("a complete form went unnoticed") }
        case .some(let fault):
            guard !isRight else { throw OracleFailure("a form that is right is refused as \(fault)") }
        }
    }

    private static func isSame(_ head: PartHead, _ plain: PlainPartHead?) -> Bool {
        guard let plain else { return false }
        return head.name == plain.name && head.filename == plain.filename
            && head.extendedFilename == plain.extendedFilename && head.contentType == plain.contentType
            && head.isEncoded == plain.isEncoded
    }
}
