internal import Bytes

/// The fields of an answer, kept as the received lines and cut apart when asked for.
package struct HTTPResponseFields: Sendable {
    private struct Line {
        var start: Int32
        var nameEnd: Int32
        var valueStart: Int32
        var end: Int32
    }

    private var bytes: [UInt8] = []
    private var lines: [Line] = []

    package init() {}

    package init(_ fields: [(String, String)]) {
        for (name, value) in fields {
            let line = [UInt8]("\(name): \(value)".utf8)
            append(line: line.span)
        }
    }

    var byteCount: Int { bytes.count }

    /// Appends one line without its CRLF. A line without a colon is dropped: curl has let it pass, nobody asks for it.
    mutating func append(line: Span<UInt8>) {
        var colon = 0
        while colon < line.count, line[colon] != 0x3A { colon += 1 }
        guard colon > 0, colon < line.count else { return }
        var valueStart = colon + 1
        var end = line.count
        while valueStart < end, line[valueStart].isOptionalWhitespace { valueStart += 1 }
        while end > valueStart, line[end - 1].isOptionalWhitespace { end -= 1 }
        if lines.isEmpty {
            // What S3 and its kin send fits.
            bytes.reserveCapacity(512)
            lines.reserveCapacity(16)
        }
        let base = bytes.count
        bytes.append(contentsOf: line.extracting(0..<end))
        lines.append(
            Line(
                start: Int32(base), nameEnd: Int32(base + colon), valueStart: Int32(base + valueStart),
                end: Int32(base + end)))
    }

    mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        lines.removeAll(keepingCapacity: true)
    }

    package var count: Int { lines.count }

    /// The value of the first field called `name` (ASCII, lower case), white space around it removed; ill-formed
    /// UTF-8 is repaired. Nil when there is none.
    package func value(of name: String) -> String? {
        let span = bytes.span
        for line in lines {
            guard span.extracting(Int(line.start)..<Int(line.nameEnd)).equalsIgnoringCase(name) else { continue }
            return span.extracting(Int(line.valueStart)..<Int(line.end)).repairedText()
        }
        return nil
    }
}
