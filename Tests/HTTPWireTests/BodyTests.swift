import HTTPWire
import Testing

struct BodyTests {
    private func chunked(_ body: String, limits: WireLimits = WireLimits()) throws -> WireRun {
        try verdict("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + body, limits: limits)
    }

    @Test func `counts a declared length and leaves the rest to the next request`() throws {
        let run = try verdict(
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(run.complete == 2)
        #expect(run.requests.first.map { text($0.body) } == "hello")
        #expect(run.position == .betweenRequests)
    }

    @Test func `a body that is cut short is incomplete`() throws {
        #expect(try verdict("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhell").position == .inBody)
        #expect(try chunked("5\r\nhello\r\n0\r\n").position == .inBody)
    }

    @Test(arguments: [
        ("0\r\n\r\n", ""), ("5\r\nhello\r\n0\r\n\r\n", "hello"),
        ("A\r\n0123456789\r\n1\r\n!\r\n000\r\n\r\n", "0123456789!"),
        ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n"), ("5;a\r\nhello\r\n0;b=c\r\n\r\n", "hello"),
        ("5 ; a = b ;c=\"d\\\"e;\"\r\nhello\r\n0\r\nX-Sum: 1\r\nY:\r\n\r\n", "hello"),
    ]) func `decodes chunks`(wire: String, body: String) throws {
        let run = try chunked(wire + "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(run.complete == 2)
        #expect(run.requests.first.map { text($0.body) } == body)
    }

    @Test(arguments: [
        ("\r\n", WireFault.chunkSize), (" 5\r\n", .chunkSize), ("0x5\r\n", .chunkSize), ("5\n", .chunkSize),
        ("5 \r\n", .chunkExtension), ("5;\r\n", .chunkExtension), ("5;a=\r\n", .chunkExtension),
        ("5;a b\r\n", .chunkExtension), ("5;a=\"b\r\n", .chunkExtension), ("5;a=\"b\"c\r\n", .chunkExtension),
        ("5;a \r\n", .chunkExtension), ("5;a\n", .chunkExtension), ("5\rx", .bareCR),
        ("5\r\nhello!", .chunkEnd), ("5\r\nhello\n", .chunkEnd), ("5\r\nhello\rx", .chunkEnd),
        ("0\r\nA : b\r\n", .trailer), ("0\r\nA\r\n", .trailer), ("0\r\n a: b\r\n", .trailer),
        ("0\r\nA: \u{0}", .trailer),
        ("0\r\n\n", .trailer), ("0\r\nA: b\n", .trailer), ("0\r\nA: b\rx", .bareCR), ("0\r\n\rx", .bareCR),
        ("0\r\nContent-LENGTH: 5\r\n\r\n", .trailerNotAllowed), ("0\r\nSet-Cookie: a\r\n\r\n", .trailerNotAllowed),
        ("0\r\nAuthorization: a\r\n\r\n", .trailerNotAllowed),
    ]) func `refuses malformed chunks, by name`(wire: String, fault: WireFault) throws {
        #expect(try chunked(wire).refusal == .badRequest(fault), "\(wire.debugDescription)")
    }

    @Test func `bounds chunk sizes and their sum`() throws {
        let limits = WireLimits(bodyBytesMax: 10)
        #expect(try chunked("a\r\n0123456789\r\n0\r\n\r\n", limits: limits).complete == 1)
        #expect(try chunked("b\r\n", limits: limits).refusal == .bodyTooLarge)
        #expect(try chunked("6\r\n012345\r\n5\r\n", limits: limits).refusal == .bodyTooLarge)
        #expect(try chunked("ffffffffffffffff\r\n").refusal == .bodyTooLarge)
        #expect(try chunked("00000000000000005\r\n").refusal == .bodyTooLarge)
    }

    @Test func `bounds chunk extensions one by one and together`() throws {
        let limits = WireLimits(chunkExtensionBytesMax: 8, chunkExtensionTotalBytesMax: 16)
        #expect(try chunked("1;abcdef\r\nx\r\n0\r\n\r\n", limits: limits).complete == 1)
        #expect(try chunked("1;abcdefg\r\nx\r\n0\r\n\r\n", limits: limits).refusal == .badRequest(.chunkExtension))
        let two = "1;abcdef\r\nx\r\n1;abcdef\r\nx\r\n"
        #expect(try chunked(two + "0\r\n\r\n", limits: limits).complete == 1)
        #expect(try chunked(two + "0;a\r\n\r\n", limits: limits).refusal == .badRequest(.chunkExtension))
    }

    @Test func `bounds the trailers`() throws {
        let limits = WireLimits(trailerBytesMax: 16, trailerFieldsMax: 2)
        #expect(try chunked("0\r\nA: bcdefghi0\r\n\r\n", limits: limits).complete == 1)
        #expect(try chunked("0\r\nA: bcdefghij0\r\n\r\n", limits: limits).refusal == .badRequest(.trailersTooLarge))
        #expect(try chunked("0\r\nA:\r\nB:\r\n\r\n", limits: limits).complete == 1)
        #expect(try chunked("0\r\nA:\r\nB:\r\nC:\r\n\r\n", limits: limits).refusal == .badRequest(.trailersTooLarge))
    }

    @Test func `tells how far one may read without reaching into the next request`() {
        func expected(_ framing: BodyFraming, after wire: String) -> UInt64 {
            var decoder = BodyDecoder(framing: framing, limits: WireLimits())
            var rest = Array(wire.utf8)
            while case .data(_, let consumed) = decoder.decode(rest.span) { rest.removeFirst(consumed) }
            return decoder.wireBytesExpected
        }
        #expect(expected(.none, after: "") == 0)
        #expect(expected(.length(10), after: "abc") == 7)
        #expect(expected(.chunked, after: "a\r\nabc") == 9)
        #expect(expected(.chunked, after: "3\r\nabc") == 2)
        #expect(expected(.chunked, after: "3\r\nabc\r") == 1)
        #expect(expected(.chunked, after: "3\r\nabc\r\n") == 0)
    }

    @Test func `a refused stream stays refused`() {
        func again(_ bytes: [UInt8]) -> (WireEvent, WireEvent) {
            var reader = WireReader()
            return (reader.next(bytes.span).event, reader.next(bytes.span).event)
        }
        let (first, second) = again(Array("\n".utf8))
        #expect(first == .refused(.badRequest(.bareLF)))
        #expect(second == first)
    }
}
