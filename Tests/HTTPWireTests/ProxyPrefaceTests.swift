import Bytes
import HTTPWire
import Testing

/// What a reader made of the beginning of a connection, in a form that does not show the cuts.
private struct PrefaceRun: Equatable {
    enum Outcome: Equatable {
        case incomplete
        case absent
        case present(String)
        case malformed
    }

    var outcome = Outcome.incomplete
    /// Every byte that the next layer gets.
    var rest: [UInt8] = []

    init(_ pieces: [[UInt8]]) {
        var reader = ProxyPrefaceReader()
        for (index, piece) in pieces.enumerated() {
            let later = pieces[(index + 1)...].flatMap { $0 }
            switch reader.next(piece.span) {
            case .incomplete:
                continue
            case .absent:
                outcome = .absent
                rest = reader.takeKept() + piece + later
            case .present(let source, let consumed):
                outcome = .present(source.map { "\($0.address) \($0.port)" } ?? "-")
                rest = piece[consumed...] + later
                #expect(reader.takeKept().isEmpty)
            case .malformed:
                outcome = .malformed
            }
            return
        }
    }
}

struct ProxyPrefaceTests {
    /// The run of a beginning, the same whole, cut at every place and byte by byte.
    private func run(_ bytes: [UInt8]) -> PrefaceRun {
        let whole = PrefaceRun([bytes])
        #expect(PrefaceRun(bytes.map { [$0] }) == whole, "byte by byte")
        for cut in 0 ... bytes.count {
            #expect(PrefaceRun([Array(bytes[..<cut]), Array(bytes[cut...])]) == whole, "cut at \(cut)")
        }
        // A verdict does not change when more comes.
        var verdict = ProxyPrefaceVerdict.incomplete
        for end in 0 ... bytes.count {
            let now = ProxyPreface.parse(bytes.span.extracting(first: end))
            #expect(verdict == .incomplete || verdict == now, "after \(end) bytes")
            verdict = now
        }
        return whole
    }

    private func expect(_ bytes: [UInt8], _ outcome: PrefaceRun.Outcome) {
        let request = Array("GET / HTTP/1.1\r\n".utf8)
        let run = run(bytes + request)
        #expect(run.outcome == outcome, "\(String(decoding: bytes, as: UTF8.self))")
        switch outcome {
        case .present: #expect(run.rest == request)
        case .absent: #expect(run.rest == bytes + request)
        case .incomplete, .malformed: #expect(run.rest.isEmpty)
        }
    }

    private let ones = "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"

    @Test func `reads the lines of version 1`() {
        expect(Array("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n".utf8), .present("192.0.2.1 56324"))
        expect(
            Array("PROXY TCP4 255.255.255.255 255.255.255.255 65535 65535\r\n".utf8),
            .present("255.255.255.255 65535"))
        expect(Array("PROXY TCP6 2001:DB8::1 ::1 0 1\r\n".utf8), .present("2001:db8::1 0"))
        expect(Array("PROXY TCP6 \(ones) \(ones) 65535 65535\r\n".utf8), .present("\(ones) 65535"))
        expect(Array("PROXY TCP6 ::ffff:10.0.0.1 ::1 1 1\r\n".utf8), .present("10.0.0.1 1"))
        expect(Array("PROXY UNKNOWN\r\n".utf8), .present("-"))
        expect(Array("PROXY UNKNOWN whatever it \u{1} is\r\n".utf8), .present("-"))
        // The longest line there is: 107 bytes.
        let longest = Array("PROXY UNKNOWN \(ones) \(ones) 65535 65535\r\n".utf8)
        #expect(longest.count == 107)
        expect(longest, .present("-"))
    }

    @Test(arguments: [
        "PROXY \r\n", "PROXY  TCP4 1.2.3.4 5.6.7.8 1 2\r\n", "PROXY TCP4\r\n", "PROXY TCP4 1.2.3.4\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1 \r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 \r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2 3\r\n",
        "PROXY TCP4  1.2.3.4 5.6.7.8 1 2\r\n",
        "PROXY TCP4 01.2.3.4 5.6.7.8 1 2\r\n", "PROXY TCP4 1.2.3.4 5.6.7.08 1 2\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 01 2\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 02\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 65536 2\r\n",
        "PROXY TCP4 1.2.3.4 5.6.7.8 1 +2\r\n",
        "PROXY TCP4 ::1 ::1 1 2\r\n", "PROXY TCP4 1.2.3.4 ::1 1 2\r\n", "PROXY TCP6 1.2.3.4 5.6.7.8 1 2\r\n",
        "PROXY TCP6 [::1] ::1 1 2\r\n", "PROXY TCP6 fe80::1%lo ::1 1 2\r\n", "PROXY TCP5 1.2.3.4 5.6.7.8 1 2\r\n",
        "PROXY tcp4 1.2.3.4 5.6.7.8 1 2\r\n", "PROXY UNKNOWNX\r\n", "PROXY UDP4 1.2.3.4 5.6.7.8 1 2\r\n",
        "PROXY\u{20}TCP4\u{9}1.2.3.4 5.6.7.8 1 2\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\n", "PROXY UNKNOWN\rX\r\n",
        "PROXY UNKNOWN\n\r\n", "PROXY / HTTP/1.1\r\n", "PROXY TCP4 1.2.3.4 5.6.7.8 1 2\r\r\n",
    ])
    func `refuses what begins like version 1 and is not`(line: String) {
        expect(Array(line.utf8), .malformed)
    }

    @Test func `a line of version 1 is bounded`() {
        let long = "PROXY UNKNOWN " + String(repeating: "x", count: 92)
        expect(Array("\(long)\r\n".utf8), .malformed)
        expect(Array("\(long.dropLast())\r\n".utf8), .present("-"))
        #expect(run(Array("PROXY UNKNOWN ".utf8) + [UInt8](repeating: 0x78, count: 92)).outcome == .incomplete)
        #expect(run(Array("PROXY UNKNOWN ".utf8) + [UInt8](repeating: 0x78, count: 93)).outcome == .malformed)
    }

    private let signature: [UInt8] = [0x0D, 0x0A, 0x0D, 0x0A, 0, 0x0D, 0x0A, 0x51, 0x55, 0x49, 0x54, 0x0A]

    private func block(_ command: UInt8, _ family: UInt8, _ payload: [UInt8], length: Int? = nil) -> [UInt8] {
        let length = length ?? payload.count
        return signature + [command, family, UInt8(length >> 8), UInt8(length & 255)] + payload
    }

    private let four: [UInt8] = [192, 0, 2, 1, 198, 51, 100, 1, 0xDC, 0x04, 0x01, 0xBB]
    private var six: [UInt8] {
        [0x20, 0x01, 0x0D, 0xB8] + [UInt8](repeating: 0, count: 11) + [1] + [UInt8](repeating: 0xFF, count: 16)
            + [0x01, 0x02, 0x03, 0x04]
    }

    @Test func `reads the blocks of version 2`() {
        expect(block(0x21, 0x11, four), .present("192.0.2.1 56324"))
        expect(block(0x21, 0x21, six), .present("2001:db8::1 258"))
        // Extensions behind the addresses, well-formed or not, are passed over.
        expect(block(0x21, 0x11, four + [0x04, 0, 1, 0x7A, 0xFF]), .present("192.0.2.1 56324"))
        expect(block(0x21, 0x11, four + [UInt8](repeating: 0x20, count: 300)), .present("192.0.2.1 56324"))
    }

    @Test func `says nothing of a source that is none of TCP over IP`() {
        expect(block(0x20, 0x00, []), .present("-"))
        expect(block(0x20, 0x11, four), .present("-"))
        expect(block(0x20, 0xFF, [1, 2, 3]), .present("-"))
        for family in [0x00, 0x01, 0x02, 0x10, 0x20, 0x30] as [UInt8] {
            expect(block(0x21, family, [9]), .present("-"))
        }
        expect(block(0x21, 0x12, four), .present("-"))
        expect(block(0x21, 0x22, six), .present("-"))
        for family in [0x31, 0x32] as [UInt8] {
            expect(block(0x21, family, [UInt8](repeating: 0x2F, count: 216)), .present("-"))
        }
    }

    @Test func `refuses what begins like version 2 and is not`() {
        for command in [0x00, 0x11, 0x22, 0x2F, 0x31, 0xFF] as [UInt8] {
            expect(block(command, 0x11, four), .malformed)
        }
        for family in [0x03, 0x13, 0x1F, 0x33, 0x40, 0x41, 0xF1] as [UInt8] {
            expect(block(0x21, family, four), .malformed)
        }
        expect(block(0x21, 0x11, four.dropLast()), .malformed)
        expect(block(0x21, 0x21, six.dropLast()), .malformed)
        expect(block(0x21, 0x12, []), .malformed)
        expect(block(0x21, 0x22, four), .malformed)
        expect(block(0x21, 0x31, [UInt8](repeating: 0, count: 215)), .malformed)
    }

    @Test func `a block of version 2 is bounded`() {
        let most = four + [UInt8](repeating: 0, count: 2_036)
        let whole = block(0x21, 0x11, most)
        #expect(
            ProxyPreface.parse(whole.span)
                == .present(source: ProxySource(address: IPAddress(v4: 0xC000_0201), port: 56_324), consumed: 2_064))
        #expect(ProxyPreface.parse(whole.span.extracting(first: 2_063)) == .incomplete)
        #expect(PrefaceRun((whole + [1]).map { [$0] }).rest == [1])
        for length in [2_049, 65_535] {
            #expect(ProxyPreface.parse(block(0x21, 0x11, four, length: length).span) == .malformed)
            #expect(ProxyPreface.parse(block(0x20, 0x00, [], length: length).span) == .malformed)
        }
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n", "POST /images HTTP/1.1\r\n", "PUT / HTTP/1.1\r\n", "PROPFIND / HTTP/1.1\r\n",
        "PROXYX / HTTP/1.1\r\n", "PROXY\r\n", "proxy TCP4 1.2.3.4 5.6.7.8 1 2\r\n", "\r\nGET / HTTP/1.1\r\n",
        "\r\n\r\nGET", "\u{16}\u{3}\u{1}", "\r\n\r\n\0\r\nQUIZ\n", "P ", "PR\r\n", "PROX TCP4",
    ])
    func `whatever else comes is left to the next layer, byte for byte`(text: String) {
        expect(Array(text.utf8), .absent)
    }

    @Test func `any beginning of a preface is incomplete`() {
        for whole in [Array("PROXY TCP4 192.0.2.1 198.51.100.1 56324 443\r\n".utf8), block(0x21, 0x21, six + [1, 2])] {
            for end in 0 ..< whole.count {
                #expect(run(Array(whole[..<end])) == PrefaceRun([]), "\(end) bytes")
            }
        }
    }

    @Test func `any bytes have an answer, whatever the cuts`() {
        var state: UInt64 = 42
        func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        let words = ["PROXY ", "TCP4 ", "TCP6 ", "UNKNOWN", "1.2.3.4 ", "::1 ", "80 ", "443", "\r\n", "\n", " ", "\0"]
        for round in 0 ..< 1_500 {
            var bytes = round % 3 == 0 ? signature : Array((round % 3 == 1 ? "PROXY " : "").utf8)
            if round % 3 == 0 {
                bytes += [0x20, 0x21, 0x21, 0x22][Int(next() % 4)...].prefix(1)
                bytes += [[0x11, 0x21, 0x00, 0x12, 0x44][Int(next() % 5)], 0, UInt8(next() % 60)]
                bytes += (0 ..< next() % 60).map { _ in UInt8(next() % 256) }
            } else {
                for _ in 0 ..< next() % 10 { bytes += Array(words[Int(next() % UInt64(words.count))].utf8) }
            }
            _ = run(bytes)
        }
    }
}
