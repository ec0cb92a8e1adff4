internal import Bytes
package import FormData
package import FuzzBasics

/// What a reader made of a whole form, in a form that does not show the cuts.
package struct FormTranscript: Equatable, Sendable {
    package struct Part: Equatable, Sendable {
        package var head: PartHead
        package var data: [UInt8] = []
        package var isComplete = false
    }

    package var parts: [Part] = []
    package var isClosed = false
    /// nil where the form is complete.
    package var fault: FormFault?

    /// Feeds `body` to a reader, cut at the given offsets (which ascend), and checks on the way what every single
    /// answer must hold.
    package init(
        _ body: Span<UInt8>, boundary: FormBoundary, cuts: [Int], limits: FormLimits
    ) throws(OracleFailure) {
        var reader = FormReader(boundary: boundary, limits: limits)
        var lower = 0
        for upper in cuts + [body.count] {
            guard try feed(body.extracting(lower ..< upper), to: &reader) else { break }
            lower = upper
        }
        fault = reader.finish()
        guard isClosed || fault != nil else { throw OracleFailure("complete, and never closed") }
        if let fault, !OracleFailure.isLine(fault.detail) { throw OracleFailure("nothing to say of \(fault)") }
    }

    /// False after a refusal.
    private mutating func feed(_ piece: Span<UInt8>, to reader: inout FormReader) throws(OracleFailure) -> Bool {
        var offset = 0
        // Held data takes no byte, and every other answer but the last takes one.
        for _ in 0 ... 2 * piece.count + 2 {
            let input = piece.extracting(droppingFirst: offset)
            let (event, consumed) = reader.next(input)
            guard consumed >= 0, consumed <= input.count else { throw OracleFailure("consumed more than was there") }
            offset += consumed
            switch event {
            case .incomplete:
                guard offset == piece.count else { throw OracleFailure("incomplete, with input left") }
                return true
            case .part(let head):
                guard parts.last?.isComplete ?? true, !isClosed else { throw OracleFailure("a part within another") }
                parts.append(Part(head: head))
            case .data(let range):
                guard !range.isEmpty, range.lowerBound >= 0, range.upperBound <= consumed
                else { throw OracleFailure("data outside of what was consumed") }
                try append(input.extracting(range))
            case .heldData(let range):
                guard !range.isEmpty, range.lowerBound >= 0, range.upperBound < reader.delimiter.count
                else { throw OracleFailure("held data that is no beginning of the delimiter") }
                try append(reader.delimiter.span.extracting(range))
            case .partEnd:
                try append(Span())
                parts[parts.count - 1].isComplete = true
            case .end:
                guard parts.last?.isComplete ?? true, !isClosed else { throw OracleFailure("an end within a part") }
                isClosed = true
            case .refused(let fault):
                guard reader.finish() == fault, case (.refused(fault), 0) = reader.next(input)
                else { throw OracleFailure("refused, and not for good") }
                return false
            }
        }
        throw OracleFailure("the reader does not come to an end")
    }

    private mutating func append(_ bytes: Span<UInt8>) throws(OracleFailure) {
        guard let last = parts.last, !last.isComplete else { throw OracleFailure("data outside of a part") }
        parts[parts.count - 1].data.append(contentsOf: bytes)
    }
}
