internal import Bytes

/// Version 1: `PROXY TCP4 192.0.2.1 198.51.100.1 56324 443` and CRLF.
extension ProxyPreface {
    static func parseLine(_ bytes: Span<UInt8>) -> ProxyPrefaceVerdict {
        let bounded = bytes.extracting(first: lineBytesMax)
        var end = 0
        while end < bounded.count, bounded[end] != 0x0D, bounded[end] != 0x0A { end += 1 }
        guard end + 1 < bounded.count else {
            let mayContinue = bounded.count < lineBytesMax && (end == bounded.count || bounded[end] == 0x0D)
            return mayContinue ? .incomplete : .malformed
        }
        guard bounded[end] == 0x0D, bounded[end + 1] == 0x0A else { return .malformed }
        let line = bounded.extracting(first: end)
        let consumed = end + 2
        var words = Words(line)
        // § 2.1: what follows UNKNOWN is to be ignored.
        _ = words.next(in: line)
        guard let family = words.next(in: line) else { return .malformed }
        if family.equals("UNKNOWN") { return .present(source: nil, consumed: consumed) }
        let isV6 = family.equals("TCP6")
        guard isV6 || family.equals("TCP4"), let source = words.address(in: line, isV6: isV6),
            words.address(in: line, isV6: isV6) != nil, let port = words.port(in: line), words.port(in: line) != nil,
            words.isAtEnd
        else { return .malformed }
        return .present(source: ProxySource(address: source, port: port), consumed: consumed)
    }

    /// The words of the line, which exactly one space stands between.
    private struct Words {
        private let count: Int
        private var start = 0

        init(_ line: Span<UInt8>) { count = line.count }

        var isAtEnd: Bool { start > count }

        @_lifetime(copy line)
        mutating func next(in line: Span<UInt8>) -> Span<UInt8>? {
            guard start <= count else { return nil }
            var end = start
            while end < count, line[end] != 0x20 { end += 1 }
            defer { start = end + 1 }
            return line.extracting(start ..< end)
        }

        /// An address in the form of its family.
        mutating func address(in line: Span<UInt8>, isV6: Bool) -> IPAddress? {
            guard let word = next(in: line), let address = IPAddress(parsing: word) else { return nil }
            var hasColon = false
            for index in word.indices where word[index] == UInt8(ascii: ":") { hasColon = true }
            return hasColon == isV6 ? address : nil
        }

        /// § 2.1: a decimal number from 0 to 65535 without leading zeros.
        mutating func port(in line: Span<UInt8>) -> UInt16? {
            guard let word = next(in: line), let number = Decimal.parse(word), number <= 65_535,
                word.count == 1 || word[0] != UInt8(ascii: "0")
            else { return nil }
            return UInt16(number)
        }
    }
}
