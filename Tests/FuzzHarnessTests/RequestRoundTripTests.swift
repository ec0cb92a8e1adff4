import FuzzBasics
import FuzzWire
import HTTPWire
import Testing

private let stream = """
    \r\nPOST /1?x HTTP/1.1\r\nHost:\t a \r\nContent-Length: 003\r\nX:\r\nExpect: 100-continue\r\n\r\nabc\
    PUT http://a/2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: Chunked\r\n\r\n005 ; x\r\nhello\r\n0\r\nT: 1\r\n\r\n\
    GET /3 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n\
    POST /4 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nab
    """

/// Runs the oracle over a reader that answers rightly but for what it is shown the second time.
private func failure(
    of text: String = stream, second change: (String) -> String = { $0 },
    spoil: (inout WireTranscript, _ isSecond: Bool) -> Void = { _, _ in }
) -> OracleFailure? {
    var reads = 0
    do throws(OracleFailure) {
        try RequestRoundTrip.check([UInt8](text.utf8).span) { bytes throws(OracleFailure) in
            reads += 1
            var shown = String(decoding: (0 ..< bytes.count).map { bytes[$0] }, as: UTF8.self)
            if reads == 2 { shown = change(shown) }
            var transcript = try WireTranscript([UInt8](shown.utf8).span, cuts: [], limits: WireLimits())
            spoil(&transcript, reads == 2)
            return transcript
        }
        return nil
    } catch {
        return error
    }
}

struct RequestRoundTripTests {
    @Test func `what was read is written in the plainest form that means the same`() throws {
        #expect(failure() == nil)
        let bytes = [UInt8](stream.utf8)
        let transcript = try WireTranscript(bytes.span, cuts: [], limits: WireLimits())
        var wire: [UInt8] = []
        for request in transcript.requests { RequestMeaning(request, of: bytes.span).write(to: &wire) }
        let text = """
            POST /1?x HTTP/1.1\r\nHost:a\r\nContent-Length:003\r\nX:\r\nExpect:100-continue\r\n\r\nabc\
            PUT http://a/2 HTTP/1.1\r\nHost:a\r\nTransfer-Encoding:Chunked\r\n\r\n\
            1\r\nh\r\n2\r\nel\r\n2\r\nlo\r\n0\r\n\r\n\
            GET /3 HTTP/1.0\r\nConnection:keep-alive\r\n\r\n\
            POST /4 HTTP/1.1\r\nHost:a\r\nTransfer-Encoding:chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n
            """
        #expect(String(decoding: wire, as: UTF8.self) == text)
    }

    @Test func `what is read otherwise when it comes again is noticed`() {
        for (old, new) in [
            ("POST /1", "PUT /11"), ("/1?x", "/11x"), ("Host:a", "Host:b"), ("X:\r\n", ""),
            ("Expect:1", "Expekt:"), ("3\r\n", "2\r\n"), ("abc", "abd"), ("el\r\n", "al\r\n"),
            ("HTTP/1.0\r\nConnection:keep", "HTTP/1.0\r\nConnection:keeq"), ("0\r\n\r\nGET", "1\r\nx\r\n0\r\n\r\nGET"),
            ("1\r\nb\r\n", ""), ("http://a/2", "http://a/"), ("GET /3", "GOT /3"),
        ] {
            #expect(failure(second: { $0.replacing(old, with: new) }) != nil, "\(old) as \(new)")
        }
    }

    @Test func `a refusal, a request less and a body less are noticed`() {
        #expect(failure(second: { $0.replacing("Host:a", with: "Host a") }) != nil)
        #expect(failure(spoil: { transcript, isSecond in if isSecond { transcript.refusal = .uriTooLong } }) != nil)
        #expect(failure(spoil: { transcript, isSecond in if isSecond { transcript.requests.removeLast() } }) != nil)
        #expect(failure(spoil: { transcript, isSecond in if isSecond { transcript.requests[0].body = [] } }) != nil)
        #expect(failure(spoil: { transcript, isSecond in if isSecond { transcript.requests[2].end = nil } }) != nil)
    }

    @Test func `a request that is found elsewhere than it was put is noticed`() {
        #expect(failure(spoil: { transcript, isSecond in if isSecond { transcript.requests[1].end? -= 1 } }) != nil)
        #expect(failure(spoil: { transcript, isSecond in if isSecond { transcript.requests[2].end? += 1 } }) != nil)
        #expect(failure(second: { $0.replacing("abcPUT", with: "abc\r\nPUT") }) != nil)
    }

    @Test func `a reader that always forgets a byte is noticed`() {
        #expect(failure(spoil: { transcript, _ in transcript.requests[1].body.removeLast() }) != nil)
    }
}
