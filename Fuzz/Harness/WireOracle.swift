internal import Bytes
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
        var lines = try lines(bytes)
        guard lines.count >= 3, lines.removeLast().isEmpty, lines.removeLast().isEmpty else {
            throw OracleFailure("a head that does not end with an empty line")
        }
        while let first = lines.first, first.isEmpty { lines.removeFirst() }
        guard !lines.isEmpty else { throw OracleFailure("a head without a request line") }
        try checkRequestLine(head, bytes, lines.removeFirst())
        guard lines.count == head.fields.count else { throw OracleFailure("more or fewer fields than lines") }
        var framing = FramingFields()
        for (line, field) in zip(lines, head.fields) {
            guard let colon = line.firstIndex(of: 0x3A), colon > 0 else { throw OracleFailure("a nameless field") }
            let name = Array(line[..<colon])
            var value = line[(colon + 1)...]
            while let first = value.first, first == 0x20 || first == 0x09 { value.removeFirst() }
            while let last = value.last, last == 0x20 || last == 0x09 { value.removeLast() }
            guard field.name.bytes(in: bytes).copied() == name, field.value.bytes(in: bytes).copied() == Array(value)
            else { throw OracleFailure("a field that is not where its slices say") }
            framing.note(String(decoding: name, as: UTF8.self).lowercased(), Array(value))
        }
        try framing.check(head)
    }

    private static func checkRequestLine(
        _ head: RequestHead, _ bytes: Span<UInt8>, _ line: [UInt8]
    ) throws(OracleFailure) {
        let parts = line.split(separator: 0x20, omittingEmptySubsequences: false)
        guard parts.count == 3, Array(parts[0]) == head.methodName.bytes(in: bytes).copied(),
            Array(parts[1]) == head.target.bytes(in: bytes).copied(), !parts[0].isEmpty, !parts[1].isEmpty,
            Array(parts[2]) == Array("HTTP/1.\(head.minorVersion)".utf8), head.minorVersion <= 1
        else { throw OracleFailure("a request line that is not method, target and version") }
        guard parts[1].allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw OracleFailure("a target with other bytes") }
        if let query = head.query {
            let whole = head.path.bytes(in: bytes).copied() + [0x3F] + query.bytes(in: bytes).copied()
            guard query.range.lowerBound == head.path.range.upperBound + 1 || parts[1].first != 0x2F,
                parts[1].first != 0x2F || whole == Array(parts[1])
            else { throw OracleFailure("path and query are not the target") }
        }
    }

    /// The lines between CRLFs; a CR or an LF alone, or NUL, has no place in a head.
    private static func lines(_ bytes: Span<UInt8>) throws(OracleFailure) -> [[UInt8]] {
        var lines: [[UInt8]] = []
        var line: [UInt8] = []
        var index = 0
        while index < bytes.count {
            switch bytes[index] {
            case 0x0D:
                guard index + 1 < bytes.count, bytes[index + 1] == 0x0A else { throw OracleFailure("a CR alone") }
                lines.append(line)
                line = []
                index += 2
            case 0x0A: throw OracleFailure("an LF alone")
            case 0x00: throw OracleFailure("NUL in a head")
            case let byte:
                line.append(byte)
                index += 1
            }
        }
        lines.append(line)
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
