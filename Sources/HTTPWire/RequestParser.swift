internal import Bytes

/// What a look at the bytes so far gave.
package enum HeadProgress: Equatable, Sendable {
    /// The head is not complete; ask again with more bytes behind the same ones.
    case incomplete
    case head(RequestHead)
    case refused(WireRefusal)
}

/// Parses one request head, incrementally and strictly (RFC 9112 § 2 to § 6).
///
/// The caller keeps the bytes from the head's first one on in one contiguous span and passes it again when it has
/// grown. The parser looks at each byte a bounded number of times however the bytes were cut, and its verdict does
/// not depend on the cuts. Control bytes are refused at once, everything else at the end of its line.
package struct RequestParser: Sendable {
    private enum Expecting {
        case requestLine
        case fieldLine
        /// After a head or a refusal: what was said is said again.
        case nothing(HeadProgress)
    }

    let limits: WireLimits
    private var expecting = Expecting.requestLine
    private var lines = LineScanner()
    private var emptyLines = 0
    private var requestLine: RequestLine?
    private var section = FieldSection()

    package init(limits: WireLimits) {
        self.limits = limits
    }

    /// Whether no byte of a head was seen yet (empty lines before one do not count).
    package var isFresh: Bool { requestLine == nil && lines.scanned == lines.lineStart }

    /// The method, once the request line was read.
    var method: RequestMethod? { requestLine?.method }

    /// The origin that the fields read so far name; `head` is what ``parse(_:)`` was given.
    func origin(in head: Span<UInt8>) -> [UInt8]? { section.onlyValue(of: .origin, in: head) }

    /// Begins anew, for the next head of the connection.
    package mutating func reset() {
        expecting = .requestLine
        lines = LineScanner()
        emptyLines = 0
        requestLine = nil
        section = FieldSection()
    }

    /// Looks at what came since the last call; `head` holds everything from the first byte on.
    package mutating func parse(_ head: Span<UInt8>) -> HeadProgress {
        if case .nothing(let progress) = expecting { return progress }
        do throws(WireRefusal) {
            while let line = try nextLine(head) {
                guard let complete = try take(line, of: head) else { continue }
                return settle(.head(complete))
            }
            return .incomplete
        } catch {
            return settle(.refused(error))
        }
    }

    private mutating func settle(_ progress: HeadProgress) -> HeadProgress {
        expecting = .nothing(progress)
        return progress
    }

    /// The next complete line without its CRLF, nil when there is none yet.
    private mutating func nextLine(_ head: Span<UInt8>) throws(WireRefusal) -> Range<Int>? {
        // One bound for the head, one for the request line; neither counts bytes that came behind it.
        var ceiling = limits.headBytesMax
        if case .requestLine = expecting { ceiling = min(ceiling, lines.lineStart + limits.requestLineBytesMax + 2) }
        switch lines.next(head, ceiling: ceiling) {
        case .line(let line): return line
        case .incomplete: return nil
        case .overlong: throw tooLong(head)
        case .fault(let fault): throw .badRequest(fault)
        }
    }

    /// What to say of a line that does not end within its bound.
    private func tooLong(_ head: Span<UInt8>) -> WireRefusal {
        guard case .requestLine = expecting else { return .headersTooLarge }
        var index = lines.lineStart
        while index < lines.scanned, head[index].isTokenByte { index += 1 }
        guard index < lines.scanned, head[index] == UInt8(ascii: " ") else { return .badRequest(.method) }
        return index - lines.lineStart > limits.methodBytesMax ? .methodNotImplemented : .uriTooLong
    }

    private mutating func take(_ line: Range<Int>, of head: Span<UInt8>) throws(WireRefusal) -> RequestHead? {
        guard let requestLine else {
            if line.isEmpty {
                emptyLines += 1
                guard emptyLines <= limits.emptyLinesMax else { throw .badRequest(.emptyLines) }
            } else {
                requestLine = try RequestLine(line, of: head, methodBytesMax: limits.methodBytesMax)
                expecting = .fieldLine
            }
            return nil
        }
        guard line.isEmpty else {
            try section.take(line, of: head, fieldsMax: limits.fieldsMax)
            return nil
        }
        return try section.head(
            after: requestLine, of: head, headBytes: lines.lineStart, bodyBytesMax: limits.bodyBytesMax)
    }
}
