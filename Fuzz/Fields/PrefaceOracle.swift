internal import Bytes
package import FuzzBasics
internal import FuzzPlain
package import HTTPWire

/// A second reading of the PROXY protocol: what is a preface, whose, and how long.
package enum PrefaceOracle {
    package static func check(
        _ input: Span<UInt8>, effort: Effort = .all, parse: (Span<UInt8>) -> ProxyPrefaceVerdict
    ) throws(OracleFailure) {
        let verdict = parse(input)
        try checkPrefixes(input, verdict, effort, parse)
        try checkReader(input, verdict)
        let bytes = input.copied()
        let plain = bytes.starts(with: "PROXY ".utf8) ? line(bytes) : block(bytes)
        if case .present = verdict {
            guard verdict == plain else { throw OracleFailure("\(verdict), not \(String(describing: plain))") }
        } else {
            guard plain == nil else { throw OracleFailure("a preface taken for \(verdict)") }
        }
    }

    /// A verdict on a beginning is one on all that begins so. With some effort, four beginnings are looked at.
    private static func checkPrefixes(
        _ input: Span<UInt8>, _ verdict: ProxyPrefaceVerdict, _ effort: Effort,
        _ parse: (Span<UInt8>) -> ProxyPrefaceVerdict
    ) throws(OracleFailure) {
        let all = 0 ..< min(input.count, 300)
        guard !all.isEmpty else { return }
        var generator = InputHash(input)
        var counts = (0 ..< 4).map { _ in Int.random(in: all, using: &generator) }
        if effort == .all { counts += all }
        for count in counts {
            let early = parse(input.extracting(first: count))
            guard early == .incomplete || early == verdict else {
                throw OracleFailure("\(early) after \(count) bytes, then \(verdict)")
            }
        }
    }

    private static func checkReader(
        _ input: Span<UInt8>, _ verdict: ProxyPrefaceVerdict
    ) throws(OracleFailure) {
        var reader = ProxyPrefaceReader()
        for index in 0 ..< min(input.count, 3_000) {
            let step = reader.next(input.extracting(index ..< index + 1))
            if step == .incomplete { continue }
            switch (step, verdict) {
            case (.present(let source, let consumed), .present(let whole, let end)):
                guard source == whole, consumed == 1, end == index + 1 else { throw OracleFailure("byte by byte") }
            case (.absent, .absent):
                guard reader.takeKept() == input.extracting(first: index).copied()
                else { throw OracleFailure("bytes were lost") }
            case (.malformed, .malformed): break
            default: throw OracleFailure("byte by byte \(step), whole \(verdict)")
            }
            return
        }
        guard verdict == .incomplete || input.count == 0 else { throw OracleFailure("no verdict byte by byte") }
    }

    /// Version 1, as split into words.
    private static func line(_ bytes: [UInt8]) -> ProxyPrefaceVerdict? {
        guard let end = bytes.firstIndex(of: 0x0D), end + 1 < bytes.count, bytes[end + 1] == 0x0A, end <= 105,
            bytes[..<end].allSatisfy({ $0 != 0x0A && $0 != 0x0D })
        else { return nil }
        let words = bytes[..<end].split(separator: 0x20, omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
        if words[1] == "UNKNOWN" { return .present(source: nil, consumed: end + 2) }
        guard words.count == 6, words[1] == "TCP4" || words[1] == "TCP6" else { return nil }
        let isV6 = words[1] == "TCP6"
        guard words[2].contains(":") == isV6, words[3].contains(":") == isV6,
            let address = PlainAuthority.address(words[2]), PlainAuthority.address(words[3]) != nil,
            let port = UInt16(words[4]), String(port) == words[4], let other = UInt16(words[5]),
            String(other) == words[5]
        else { return nil }
        return .present(source: ProxySource(address: address, port: port), consumed: end + 2)
    }

    /// The bytes of the addresses by family and transport.
    private static let sizes: [UInt8: Int] = [
        0x11: 12, 0x12: 12, 0x21: 36, 0x22: 36, 0x31: 216, 0x32: 216, 0x00: 0, 0x01: 0, 0x02: 0, 0x10: 0,
        0x20: 0, 0x30: 0,
    ]

    /// Version 2.
    private static func block(_ bytes: [UInt8]) -> ProxyPrefaceVerdict? {
        guard bytes.count >= 16, bytes.starts(with: "\r\n\r\n\0\r\nQUIT\n".utf8), bytes[12] >> 4 == 2,
            bytes[12] & 15 <= 1
        else { return nil }
        let length = Int(bytes[14]) * 256 + Int(bytes[15])
        guard length <= 2_048, bytes.count >= 16 + length else { return nil }
        let rest = Array(bytes[16 ..< 16 + length])
        guard bytes[12] & 15 == 1 else { return .present(source: nil, consumed: 16 + length) }
        guard let size = sizes[bytes[13]], length >= size else { return nil }
        var source: ProxySource?
        func number(_ range: Range<Int>) -> UInt64 { rest[range].reduce(0) { $0 << 8 | UInt64($1) } }
        if bytes[13] == 0x11 {
            source = ProxySource(address: IPAddress(v4: UInt32(number(0 ..< 4))), port: UInt16(number(8 ..< 10)))
        } else if bytes[13] == 0x21 {
            let address = IPAddress(upper: number(0 ..< 8), lower: number(8 ..< 16))
            source = ProxySource(address: address, port: UInt16(number(32 ..< 34)))
        }
        return .present(source: source, consumed: 16 + length)
    }
}
