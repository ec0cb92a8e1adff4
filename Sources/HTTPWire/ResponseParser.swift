internal import Bytes

/// Parses one head of an answer, incrementally and strictly (RFC 9112 § 2 to § 6).
///
/// Like ``RequestParser`` it is given everything from the head's first byte on again and again, looks at each byte a
/// bounded number of times, and its verdict does not depend on the cuts.
struct ResponseParser: Sendable {
    /// A head that is complete.
    enum Complete {
        case interim(status: Int, headBytes: Int)
        case final(ResponseHead)
    }

    private let fieldsMax: Int
    private let bodyBytesMax: UInt64
    private let expectsBody: Bool
    private var lines = LineScanner()
    private var section: ResponseSection?

    init(limits: ResponseLimits, expectsBody: Bool) {
        fieldsMax = limits.fieldsMax
        bodyBytesMax = limits.bodyBytesMax
        self.expectsBody = expectsBody
    }

    /// Begins anew, for the next head of the answer.
    mutating func reset() {
        lines = LineScanner()
        section = nil
    }

    /// Looks at what came since the last call; nil while the head is not complete. It ends before `ceiling`.
    mutating func parse(_ head: Span<UInt8>, ceiling: Int) throws(ResponseRefusal) -> Complete? {
        while let line = try nextLine(head, ceiling) {
            if line.isEmpty, let section {
                guard !section.line.isInterim else {
                    return .interim(status: section.line.status, headBytes: lines.lineStart)
                }
                return .final(section.head(headBytes: lines.lineStart))
            }
            if section == nil {
                section = ResponseSection(
                    after: try StatusLine(head.extracting(line)), expectsBody: expectsBody, bodyBytesMax: bodyBytesMax)
            } else {
                try section?.take(line, of: head, fieldsMax: fieldsMax)
            }
        }
        return nil
    }

    private mutating func nextLine(_ head: Span<UInt8>, _ ceiling: Int) throws(ResponseRefusal) -> Range<Int>? {
        // RFC 9112 § 2.2 lets a recipient take an LF alone for a line's end; servers behind old scripts need it.
        switch lines.next(head, ceiling: ceiling, takesLF: true) {
        case .line(let line): return line
        case .incomplete: return nil
        case .overlong: throw .headTooLarge
        case .fault(let fault): throw fault == .bareCR ? .bareCR : .controlByte
        }
    }
}
