import FuzzBasics
import FuzzFields
import FuzzWire
import HTTPWire
import Testing

/// The oracles of the wire's targets, held against readers that are wrong in one way.
struct WireOracleTests {
    private func chunkedFailure(
        _ text: String, _ decode: (ChunkedOutcome) -> ChunkedOutcome
    ) -> OracleFailure? {
        let right: [String: ChunkedOutcome] = [
            "1\r\na\r\n0\r\n\r\n": ChunkedOutcome(body: [0x61], end: .complete(11)),
            "0\r\n\r\nx": ChunkedOutcome(end: .complete(5)),
            "10000000000000001\r\na\r\n": ChunkedOutcome(end: .refused),
            "+1\r\n": ChunkedOutcome(end: .refused),
            "5\r\nab": ChunkedOutcome(body: [0x61, 0x62]),
        ]
        guard let outcome = right[text] else { return nil }
        do throws(OracleFailure) {
            try ChunkedReading.check([UInt8](text.utf8).span, limits: WireLimits()) { _, _ in decode(outcome) }
            return nil
        } catch {
            return error
        }
    }

    private let streams = [
        "1\r\na\r\n0\r\n\r\n", "0\r\n\r\nx", "10000000000000001\r\na\r\n", "+1\r\n", "5\r\nab",
    ]

    @Test func `what a chunked body is passes, and nothing else`() {
        for text in streams {
            #expect(chunkedFailure(text) { $0 } == nil, "\(text)")
            #expect(chunkedFailure(text) { ChunkedOutcome(body: $0.body + [0x62], end: $0.end) } != nil, "\(text)")
            #expect(chunkedFailure(text) { ChunkedOutcome(body: $0.body, end: .complete(4)) } != nil, "\(text)")
            #expect(
                chunkedFailure(text) { outcome in
                    ChunkedOutcome(body: outcome.body, end: outcome.end == .incomplete ? .complete(5) : .incomplete)
                } != nil, "\(text)")
        }
        #expect(chunkedFailure("0\r\n\r\nx") { ChunkedOutcome(body: $0.body, end: .refused) } != nil)
    }

    private func fieldFailure(_ line: String, as other: String) -> OracleFailure? {
        do throws(OracleFailure) {
            try FieldValues.check([UInt8](line.utf8).span) { head in
                var parser = RequestParser(limits: WireLimits())
                // The parser is shown another line than the oracle.
                let text = String(decoding: (0 ..< head.count).map { head[$0] }, as: UTF8.self)
                let changed = text.split(separator: "\r\n", omittingEmptySubsequences: false).map {
                    $0 == line ? other : String($0)
                }
                return parser.parse([UInt8](changed.joined(separator: "\r\n").utf8).span)
            }
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        ("Content-Length: 10", "Content-Length: 11"), ("Content-Length: +1", "Content-Length: 1"),
        ("Content-Length: 18446744073709551617", "Content-Length: 1"),
        ("Transfer-Encoding: gzip", "Transfer-Encoding: chunked"),
        ("Host: a, b", "Host: a"), ("Host: [::1]", "Host: ::1"), ("Host: a:65536", "Host: a:65535"),
        ("Connection: closed", "Connection: close"), ("Forwarded: for=1.1.1.1", "Forwarded: for=1.1.1"),
        ("Forwarded: for=1.1.1.1, for=2.2.2.2", "Forwarded: for=1.1.1.1"),
        ("Forwarded: proto=https", "Forwarded: proto=http"),
        ("X-Forwarded-For: 1.1.1.1, x", "X-Forwarded-For: 1.1.1.1"),
    ])
    func `a value that is read as another is noticed`(_ line: String, _ other: String) {
        #expect(fieldFailure(line, as: line) == nil)
        #expect(fieldFailure(line, as: other) != nil)
    }

    @Test func `a preface that is read as another is noticed`() {
        func failure(_ text: String, as other: String) -> OracleFailure? {
            do throws(OracleFailure) {
                try PrefaceOracle.check([UInt8](text.utf8).span) { prefix in
                    prefix.count == text.utf8.count
                        ? ProxyPreface.parse([UInt8](other.utf8).span) : ProxyPreface.parse(prefix)
                }
                return nil
            } catch {
                return error
            }
        }
        let line = "PROXY TCP4 1.1.1.1 2.2.2.2 1 2\r\n"
        #expect(failure(line, as: line) == nil)
        #expect(failure(line, as: "PROXY TCP4 1.1.1.2 2.2.2.2 1 2\r\n") != nil)
        #expect(failure(line, as: "PROXY UNKNOWN\r\n") != nil)
        #expect(failure("PROXY TCP4 1.1.1.1 2.2.2.2 01 2\r\n", as: line) != nil)
    }

    @Test func `generated requests that are read otherwise are noticed`() {
        func failure(_ input: String, _ change: (inout WireTranscript) -> Void) -> OracleFailure? {
            do throws(OracleFailure) {
                try RequestGenerated.check([UInt8](input.utf8).span) { stream, cuts throws(OracleFailure) in
                    var transcript = try WireTranscript(stream, cuts: cuts, limits: WireLimits())
                    change(&transcript)
                    return transcript
                }
                return nil
            } catch {
                return error
            }
        }
        for input in ["0000000000000", "30000000000000", "11000000000", "0=0000000"] {
            #expect(failure(input) { _ in } == nil, "\(input)")
        }
        #expect(failure("0000000000000") { $0.requests[0].body.append(0) } != nil)
        #expect(failure("0000000000000") { $0.requests.removeAll() } != nil)
        #expect(failure("0000000000000") { $0.refusal = .headersTooLarge } != nil)
        #expect(failure("010000000") { $0.refusal = nil } != nil)
    }
}

/// The table's oracle, held against a parser that is shown other bytes.
struct TableOracleTests {
    private func failure(_ text: String, as other: String) -> OracleFailure? {
        do throws(OracleFailure) {
            try RequestReference.check([UInt8](text.utf8).span, limits: WireLimits()) { _ in
                var parser = RequestParser(limits: WireLimits())
                return parser.parse([UInt8](other.utf8).span)
            }
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\n\r\n"),
        ("GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.0\r\n\r\n"),
        ("GET / HTTP/1.1\nHost: a\r\n\r\n", "GET / HTTP/1.0\r\nHost: a\r\n\r\n"),
        ("GET / HTTP/1.0\r\nA: b\r\n\r\n", "GET / HTTP/1.0\r\nA:  b\r\n\r\n"),
        ("PUT / HTTP/1.0\r\nContent-Length: 1\r\n\r\n", "PUT / HTTP/1.0\r\nContent-Length: 2\r\n\r\n"),
        ("GET /a?b HTTP/1.0\r\n\r\n", "GET /a/b HTTP/1.0\r\n\r\n"),
    ])
    func `a head that is read as another is noticed`(_ text: String, _ other: String) {
        #expect(failure(text, as: text) == nil)
        #expect(failure(text, as: other) != nil)
    }
}
