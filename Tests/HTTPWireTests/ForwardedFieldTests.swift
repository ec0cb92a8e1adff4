import Bytes
import HTTPWire
import Testing

struct ForwardedFieldTests {
    /// The steps from the right, as words: an address or `?`, the scheme behind it, `malformed`.
    private func walk(_ field: KnownField, _ lines: [String]) throws -> [String] {
        let fields = lines.map { "\(field.name): \($0)\r\nX-Other: 9.9.9.9\r\n" }.joined()
        return try steps(field, Array("GET / HTTP/1.1\r\nHost: a\r\n\(fields)\r\n".utf8))
    }

    private func steps(_ field: KnownField, _ bytes: [UInt8]) throws -> [String] {
        var parser = RequestParser(limits: WireLimits())
        guard case .head(let head) = parser.parse(bytes.span) else {
            throw NoHead(text: String(decoding: bytes, as: UTF8.self))
        }
        var walk = ForwardedField(field, of: head)
        var words: [String] = []
        // No more steps than bytes, or the walk does not end.
        for _ in 0 ... bytes.count {
            switch walk.next(in: bytes.span) {
            case .end:
                #expect(walk.next(in: bytes.span) == .end)
                return words
            case .malformed:
                #expect(walk.next(in: bytes.span) == .malformed)
                return words + ["malformed"]
            case .element(let element):
                var word = "?"
                if case .address(let address) = element.node { word = address.description }
                words.append(element.scheme.map { "\(word) \($0)" } ?? word)
            }
        }
        Issue.record("endless")
        return words
    }

    private struct NoHead: Error { let text: String }

    @Test(
        arguments: [
            (["for=192.0.2.60;proto=http;by=203.0.113.43"], ["192.0.2.60 http"]),
            (["For=\"[2001:db8:cafe::17]:4711\""], ["2001:db8:cafe::17"]),
            (["for=192.0.2.43, for=198.51.100.17"], ["198.51.100.17", "192.0.2.43"]),
            (["for=192.0.2.43", "for=\"198.51.100.17:80\";proto=HTTPS"], ["198.51.100.17 https", "192.0.2.43"]),
            (["for=_hidden, for=_SEVKISEK, for=unknown, for=Unknown"], ["?", "?", "?", "?"]),
            (["for=\"_a:_b\", for=\"unknown:80\", for=\"1.2.3.4:_p\""], ["1.2.3.4", "?", "?"]),
            (["proto=https"], ["? https"]), (["proto=ws;for=1.2.3.4"], ["1.2.3.4"]),
            (["secret=x;for=1.2.3.4"], ["1.2.3.4"]),
            (["for=1.2.3.4;;proto=http;"], ["1.2.3.4 http"]), (["for=1.2.3.4 ;\tproto=http ; by=_x"], ["1.2.3.4 http"]),
            (["", ",, for=1.2.3.4 ,\t,", ","], ["1.2.3.4"]), ([], []),
            (["for=\"1.2.3.4\";host=\"a,b;for=6.6.6.6\", for=5.6.7.8"], ["5.6.7.8", "1.2.3.4"]),
            (["for=\"1.2\\.3.\\4\""], ["1.2.3.4"]), (["for=1.2.3.4;x=\"\\\"\\\\\""], ["1.2.3.4"]),
            (["for=1.2.3.4;x=\"a\\\",b\", for=5.6.7.8;y=\"\\\\\""], ["5.6.7.8", "1.2.3.4"]),
            (["for=9.9.9.9, for=1.2.3.4;x=\"a\\\"b\""], ["1.2.3.4", "9.9.9.9"]),
        ] as [([String], [String])])
    func `reads the elements of Forwarded from the right`(lines: [String], expected: [String]) throws {
        #expect(try walk(.forwarded, lines) == expected)
    }

    @Test(arguments: [
        "for", "for=", "=1.2.3.4", "for =1.2.3.4", "for= 1.2.3.4", "for=1.2.3.4 proto=http", "for=[::1]",
        "for=1.2.3.4:80", "for=\"2001:db8::1\"", "for=\"[1.2.3.4]\"", "for=\"[::1\"", "for=\"[::1]80\"", "for=\"\"",
        "for=\"1.2.3.4", "for=1.2.3.4\"", "\"", "\"\"", "for=\"1.2.3.4\"x", "for=\"1.2.3.4:\"", "for=\"1.2.3.4:65536\"",
        "for=\"1.2.3.4:000080\"", "for=01.2.3.4", "for=localhost", "for=\"_\"", "for=_a/b", "for=\"[fe80::1%lo]\"",
        "for=1.2.3.4;for=1.2.3.4", "proto=http;for=1.2.3.4;proto=http", "for=\"1.2.3.4\\", "for=\"1.2.3.4\\\"",
        "1.2.3.4",
        "for=\" 1.2.3.4\"", "for=\"1.2.3.4:80:80\"", "for=\"_a:+1\"",
    ])
    func `an element that is none ends the walk`(element: String) throws {
        #expect(try walk(.forwarded, [element]) == ["malformed"])
        #expect(try walk(.forwarded, ["for=9.9.9.9, \(element)", "for=5.6.7.8"]) == ["5.6.7.8", "malformed"])
    }

    @Test(arguments: [
        "for=\"6.6.6.6", "\"", "\\\"", "for=\"\\", "x=\"\\\\\\\"", "for=6.6.6.6;x=\"a, for=\"7.7.7.7", "\"\"\"", "\\",
    ])
    func `quotes that a client leaves open swallow nothing that proxies append`(sent: String) throws {
        let words = try walk(.forwarded, ["\(sent), for=1.2.3.4;proto=https, for=\"[2001:db8::1]:80\""])
        #expect(words.prefix(2) == ["2001:db8::1", "1.2.3.4 https"])
        #expect(words.last == "malformed")
    }

    @Test(
        arguments: [
            (["192.0.2.43"], ["192.0.2.43"]),
            (["1.2.3.4, 5.6.7.8,\t9.10.11.12"], ["9.10.11.12", "5.6.7.8", "1.2.3.4"]),
            (["1.2.3.4", "2001:db8::1", "5.6.7.8"], ["5.6.7.8", "2001:db8::1", "1.2.3.4"]),
            (
                ["2001:db8::1, [2001:db8::2], [2001:db8::3]:443, 1.2.3.4:5678"],
                ["1.2.3.4", "2001:db8::3", "2001:db8::2", "2001:db8::1"]
            ),
            (["unknown, _x, ::ffff:1.2.3.4"], ["1.2.3.4", "?", "?"]), ([",1.2.3.4,, "], ["1.2.3.4"]), ([], []),
            (["", ","], []),
            (["junk, 1.2.3.4"], ["1.2.3.4", "malformed"]), (["\"1.2.3.4\", 5.6.7.8"], ["5.6.7.8", "malformed"]),
            (["1.2.3.4 5.6.7.8"], ["malformed"]), (["9.9.9.9", "1.2.3.4;"], ["malformed"]),
            (["[1.2.3.4]"], ["malformed"]),
            (["1.2.3.4:"], ["malformed"]), (["1.2.3.4:99999"], ["malformed"]), (["for=1.2.3.4"], ["malformed"]),
            (["fe80::1%eth0"], ["malformed"]), (["[::1]:x"], ["malformed"]), (["-"], ["malformed"]),
            (["1.2.3"], ["malformed"]),
        ] as [([String], [String])])
    func `reads X-Forwarded-For from the right`(lines: [String], expected: [String]) throws {
        #expect(try walk(.xForwardedFor, lines) == expected)
    }

    @Test func `any bytes have an answer`() throws {
        var state: UInt64 = 0x9E37_79B9_7F4A_7C15
        func next() -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return state >> 33
        }
        let alphabet = Array("\"\"\\,,;;==for=1.2.3.4[::1]:_ \tproto=https".utf8) + [0x80, 0xFF]
        for _ in 0 ..< 20_000 {
            let value = (0 ..< next() % 40).map { _ in alphabet[Int(next() % UInt64(alphabet.count))] }
            for field in [KnownField.forwarded, .xForwardedFor] {
                let tail = field == .forwarded ? ", for=5.6.7.8" : ", 5.6.7.8"
                var bytes = Array("GET / HTTP/1.1\r\nHost: a\r\n\(field.name): ".utf8) + value
                _ = try steps(field, bytes + Array("\r\n\r\n".utf8))
                bytes += Array("\(tail)\r\n\r\n".utf8)
                #expect(try steps(field, bytes).first == "5.6.7.8")
            }
        }
    }
}
