internal import Bytes
package import FuzzBasics
internal import FuzzPlain
internal import HTTPWire

/// A second reading of what a reader accepted: line by line over the whole stream, with nothing incremental and none of
/// the reader's code. It refuses nothing by itself; it compares.
package enum WireOracle {
    package static func check(_ transcript: WireTranscript, of stream: Span<UInt8>) throws(OracleFailure) {
        var start = 0
        for request in transcript.requests {
            guard request.start == start else { throw OracleFailure("bytes between two requests") }
            let bodyStart = start + request.head.headBytes
            guard bodyStart <= stream.count else { throw OracleFailure("a head longer than the stream") }
            try checkHead(request.head, stream.extracting(start ..< bodyStart))
            try checkBody(request, stream.extracting(droppingFirst: bodyStart), isRefused: transcript.refusal != nil)
            guard let end = request.end else { break }
            start = end
        }
        let complete = transcript.requests.count { $0.end != nil }
        guard complete >= transcript.requests.count - 1 else { throw OracleFailure("two requests under way") }
    }

    private static func checkHead(_ head: RequestHead, _ bytes: Span<UInt8>) throws(OracleFailure) {
        var lines = try lines(bytes.copied())[...]
        guard lines.count >= 3, lines.removeLast().isEmpty, lines.removeLast().isEmpty else {
            throw OracleFailure("a head that does not end with an empty line")
        }
        while let first = lines.first, first.isEmpty { lines.removeFirst() }
        guard !lines.isEmpty else { throw OracleFailure("a head without a request line") }
        try checkRequestLine(head, bytes, lines.removeFirst())
        guard lines.count == head.fields.count else { throw OracleFailure("more or fewer fields than lines") }
        var framing = FramingFields()
        for (line, field) in zip(lines, head.fields) {
            guard let colon = line.firstIndex(of: 0x3A), colon > line.startIndex
            else { throw OracleFailure("a nameless field") }
            let value = PlainLetters.trimmed(line[(colon + 1)...])
            guard isAt(line[..<colon], field.name), isAt(value, field.value)
            else { throw OracleFailure("a field that is not where its slices say") }
            framing.note(line[..<colon], value)
        }
        try framing.check(head)
    }

    /// Whether `part`, whose indices are offsets into the head, is what `slice` says.
    private static func isAt(_ part: ArraySlice<UInt8>, _ slice: ByteSlice) -> Bool {
        part.isEmpty ? slice.isEmpty : slice.range == part.indices
    }

    private static func checkRequestLine(
        _ head: RequestHead, _ bytes: Span<UInt8>, _ line: ArraySlice<UInt8>
    ) throws(OracleFailure) {
        let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == 3, isAt(parts[0], head.methodName), isAt(parts[1], head.target), !parts[0].isEmpty,
            !parts[1].isEmpty, parts[2].dropLast().elementsEqual("HTTP/1.".utf8),
            parts[2].last == 0x30 + head.minorVersion, head.minorVersion <= 1
        else { throw OracleFailure("a request line that is not method, target and version") }
        guard parts[1].allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw OracleFailure("a target with other bytes") }
        if let query = head.query {
            let whole = head.path.bytes(in: bytes).copied() + [0x3F] + query.bytes(in: bytes).copied()
            guard query.range.lowerBound == head.path.range.upperBound + 1 || parts[1].first != 0x2F,
                parts[1].first != 0x2F || parts[1].elementsEqual(whole)
            else { throw OracleFailure("path and query are not the target") }
        }
    }

    /// The lines between CRLFs; a CR or an LF alone, or NUL, has no place in a head.
    private static func lines(_ bytes: [UInt8]) throws(OracleFailure) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        lines.reserveCapacity(16)
        var (start, index) = (0, 0)
        while index < bytes.count {
            switch bytes[index] {
            case 0x0D:
                guard index + 1 < bytes.count, bytes[index + 1] == 0x0A else { throw OracleFailure("a CR alone") }
                lines.append(bytes[start ..< index])
                index += 2
                start = index
            case 0x0A: throw OracleFailure("an LF alone")
            case 0x00: throw OracleFailure("NUL in a head")
            default: index += 1
            }
        }
        lines.append(bytes[start...])
        return lines
    }

    private static func checkBody(
        _ request: WireTranscript.Request, _ rest: Span<UInt8>, isRefused: Bool
    ) throws(OracleFailure) {
        let bodyStart = request.start + request.head.headBytes
        let expected: PlainBody
        switch request.head.framing {
        case .none: expected = PlainBody(bytes: [], wireBytes: 0)
        case .length(let length):
            let present = Int(min(length, UInt64(rest.count)))
            let bytes = rest.extracting(first: present).copied()
            expected = PlainBody(bytes: bytes, wireBytes: UInt64(present) == length ? present : nil)
        case .chunked: expected = PlainBody(chunked: rest)
        }
        if let end = request.end {
            guard expected.wireBytes == end - bodyStart else { throw OracleFailure("a body that ends elsewhere") }
            guard request.body == expected.bytes else { throw OracleFailure("other body bytes") }
        } else {
            guard expected.wireBytes == nil || isRefused else { throw OracleFailure("a complete body went unnoticed") }
            let isPrefix = expected.bytes.starts(with: request.body)
            guard isRefused ? isPrefix : request.body == expected.bytes else { throw OracleFailure("other body bytes") }
        }
    }
}
