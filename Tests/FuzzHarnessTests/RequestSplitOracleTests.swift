import FuzzBasics
import FuzzWire
import HTTPWire
import Testing

private let stream = [UInt8]("""
    POST /1 HTTP/1.1\r
    Host: a\r
    Content-Length: 3\r
    \r
    abcPOST /2?x HTTP/1.1\r
    Host: a\r
    Transfer-Encoding: chunked\r
    \r
    2;e\r
    de\r
    0\r
    T: v\r
    \r
    GET /3 HTTP/1.1\r
    Host: a\r
    \r\n
    """.utf8)

/// Runs the oracle over a reader that answers rightly but for what `spoil` does to its answer.
private func failure(
    of stream: [UInt8] = stream, spoil: (inout WireTranscript, _ cuts: [Int]) -> Void
) -> OracleFailure? {
    do throws(OracleFailure) {
        try RequestSplit.check(stream.span) { stream, cuts throws(OracleFailure) in
            var transcript = try WireTranscript(stream, cuts: cuts, limits: WireLimits())
            spoil(&transcript, cuts)
            return transcript
        }
        return nil
    } catch {
        return error
    }
}

/// What the oracle says when the first request of `said`, rightly read, is given to it as that of `really`.
private func failure(reading said: String, of really: String) throws -> OracleFailure? {
    let said = [UInt8](said.utf8)
    let really = [UInt8](really.utf8)
    var transcript = try WireTranscript(said.span, cuts: [], limits: WireLimits())
    transcript.requests.removeLast(max(0, transcript.requests.count - 1))
    #expect(transcript.requests.count == 1)
    do throws(OracleFailure) {
        try WireOracle.check(transcript, of: really.span)
        return nil
    } catch {
        return error
    }
}

struct RequestSplitOracleTests {
    @Test func `the reader's own answers pass`() throws {
        #expect(failure { _, _ in } == nil)
        let transcript = try WireTranscript(stream.span, cuts: [], limits: WireLimits())
        #expect(transcript.requests.map(\.body) == [[UInt8]("abc".utf8), [UInt8]("de".utf8), []])
        #expect(transcript.requests.last?.end == stream.count)
    }

    @Test func `an answer that depends on the cuts is noticed`() {
        #expect(failure { transcript, cuts in if cuts.count > 3 { transcript.requests.removeLast() } } != nil)
        #expect(failure { transcript, cuts in if cuts.count == 1 { transcript.position = .inBody } } != nil)
        #expect(failure { transcript, cuts in if cuts.count == 9 { transcript.refusal = .uriTooLong } } != nil)
    }

    @Test func `wrong bodies are noticed even where every cut gives the same`() {
        #expect(failure { transcript, _ in transcript.requests[0].body[2] ^= 1 } != nil)
        #expect(failure { transcript, _ in transcript.requests[0].body.removeLast() } != nil)
        #expect(failure { transcript, _ in transcript.requests[1].body.append(0x0D) } != nil)
        #expect(failure { transcript, _ in transcript.requests[1].end? -= 1 } != nil)
        #expect(failure { transcript, _ in transcript.requests[2].end = nil } != nil)
        #expect(failure { transcript, _ in transcript.requests[0].end = nil } != nil)
    }

    @Test func `requests that overlap or leave bytes between them are noticed`() {
        #expect(failure { transcript, _ in transcript.requests[1].start += 1 } != nil)
        #expect(failure { transcript, _ in transcript.requests.remove(at: 1) } != nil)
        #expect(failure { transcript, _ in transcript.requests.append(transcript.requests[2]) } != nil)
    }

    @Test func `a head that says one thing and is taken for another is noticed`() throws {
        let host = "Host: a\r\n"
        #expect(try failure(reading: "GET / HTTP/1.1\r\n\(host)\r\n", of: "GET / HTTP/1.1\r\n\(host)\r\n") == nil)
        for (said, really) in [
            ("GET / HTTP/1.1\r\n\(host)A: bc\r\n\r\n", "GET / HTTP/1.1\r\n\(host)A: b\n\r\n\r\n"),
            ("GET / HTTP/1.1\r\n\(host)A: bc\r\n\r\n", "GET / HTTP/1.1\r\n\(host)A: b\u{0}\r\n\r\n"),
            ("GET / HTTP/1.1\r\n\(host)A: bc\r\n\r\n", "GET / HTTP/1.1\r\n\(host)A: b\r\r\n\r\n"),
            ("GET / HTTP/1.1\r\n\(host)A: bc  \r\n\r\n", "GET / HTTP/1.1\r\n\(host)A: bc d\r\n\r\n"),
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHoss: a\r\n\r\n"),
            ("GET / HTTP/1.1\r\nHost: a\r\nHosu: b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"),
            ("GET / HTTP/1.1\r\n\(host)Content-Lengti:0\r\n\r\n", "GET / HTTP/1.1\r\n\(host)Content-Length:0\r\n\r\n"),
            ("GET /ab HTTP/1.1\r\n\(host)\r\n", "GET /a\tHTTP/1.1 \r\n\(host)\r\n"),
            ("GET /?b HTTP/1.1\r\n\(host)\r\n", "GET /b? HTTP/1.1\r\n\(host)\r\n"),
        ] {
            #expect(try failure(reading: said, of: really) != nil, "\(really.debugDescription)")
        }
    }
}
