internal import Bytes

/// What a look for the end of a line gave.
enum LineStep {
    /// A complete line, without its end.
    case line(Range<Int>)
    /// The line's end has not come.
    case incomplete
    /// The line does not end before the ceiling.
    case overlong
    case fault(WireFault)
}

/// Cuts a growing head into lines (RFC 9112 § 2.2). It looks at each byte a bounded number of times however the bytes
/// were cut. Control bytes are faults at once.
struct LineScanner: Sendable {
    /// Every byte before this one was looked at.
    private(set) var scanned = 0
    /// Where the line under way begins: how many bytes the lines took that were handed out.
    private(set) var lineStart = 0

    /// The next line of `head`, which holds everything from the first byte on.
    ///
    /// - Parameters:
    ///   - ceiling: the line ends, with its line end, before this offset; bytes behind it do not count.
    ///   - takesLF: whether an LF alone ends a line.
    mutating func next(_ head: Span<UInt8>, ceiling: Int, takesLF: Bool = false) -> LineStep {
        let end = min(head.count, ceiling)
        var index = scanned
        while index < end, head[index].isFieldValueByte { index += 1 }
        scanned = index
        guard index < end else { return end == ceiling ? .overlong : .incomplete }
        if takesLF, head[index] == UInt8(ascii: "\n") { return line(endingAt: index, next: index + 1) }
        guard head[index] == UInt8(ascii: "\r") else {
            return .fault(head[index] == UInt8(ascii: "\n") ? .bareLF : .controlByte)
        }
        guard index + 1 < end else { return end == ceiling ? .overlong : .incomplete }
        guard head[index + 1] == UInt8(ascii: "\n") else { return .fault(.bareCR) }
        return line(endingAt: index, next: index + 2)
    }

    private mutating func line(endingAt end: Int, next: Int) -> LineStep {
        let line = lineStart ..< end
        lineStart = next
        scanned = next
        return .line(line)
    }
}
