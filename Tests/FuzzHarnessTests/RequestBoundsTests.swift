import FuzzBasics
import FuzzBounds
import HTTPWire
import Testing

/// Runs the oracle over a parser and a decoder that answer rightly but for what they are made to say.
private func failure(
    of text: String, limits: WireLimits = WireLimits(),
    parse: (inout RequestParser, Span<UInt8>) -> HeadProgress = { parser, bytes in parser.parse(bytes) },
    decode: (inout BodyDecoder, Span<UInt8>) -> BodyStep = { decoder, bytes in decoder.decode(bytes) }
) -> OracleFailure? {
    do throws(OracleFailure) {
        try RequestBounds.check([UInt8](text.utf8).span, limits: limits, parse: parse, decode: decode)
        return nil
    } catch {
        return error
    }
}

/// What the oracle says of `text`, when the parser is shown `other` or has other bounds.
private func failure(
    of text: String, as other: String? = nil, limits: WireLimits = WireLimits(), but: WireLimits
) -> OracleFailure? {
    failure(of: text, limits: limits, parse: { _, bytes in
        guard bytes.count == text.utf8.count else { return .incomplete }
        var parser = RequestParser(limits: but)
        return parser.parse([UInt8]((other ?? text).utf8).span)
    })
}

private let get = "GET /a?b HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n"
private let chunked = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n"

struct RequestBoundsTests {
    @Test func `the parser's own answers pass`() {
        for text in [get, get + get, chunked + get, "\r\n" + get, get.dropLast() + "x", "GET\n", ""] {
            #expect(failure(of: text) == nil, "\(text.debugDescription)")
            #expect(failure(of: text, limits: RequestBounds.tightLimits) == nil, "\(text.debugDescription)")
        }
    }

    @Test func `a bound that does not hold is noticed`() {
        for limits in [
            WireLimits(headBytesMax: get.utf8.count - 1), WireLimits(requestLineBytesMax: 16), WireLimits(fieldsMax: 1),
            WireLimits(methodBytesMax: 2),
        ] {
            #expect(failure(of: get, limits: limits) == nil)
            #expect(failure(of: get, limits: limits, but: WireLimits()) != nil)
            #expect(failure(of: get, limits: WireLimits(), but: limits) != nil)
        }
        let empty = WireLimits(emptyLinesMax: 0)
        #expect(failure(of: "\r\n" + get, limits: empty, but: WireLimits()) != nil)
        let body = "POST / HTTP/1.0\r\nContent-Length: 9\r\n\r\n"
        #expect(failure(of: body, limits: WireLimits(bodyBytesMax: 8), but: WireLimits()) != nil)
        #expect(failure(of: chunked, limits: WireLimits(bodyBytesMax: 1)) == nil)
        #expect(failure(of: chunked, limits: WireLimits(bodyBytesMax: 1), decode: { _, _ in
            .data(0 ..< 2, consumed: 2)
        }) != nil)
    }

    @Test func `a head that is waited for beyond its end or its bounds is noticed`() {
        func waiting(_ text: String, _ limits: WireLimits = WireLimits()) -> OracleFailure? {
            failure(of: text, limits: limits, parse: { _, _ in .incomplete })
        }
        #expect(waiting("GET / HTTP/1.1\r\nHost: a\r\n") == nil)
        #expect(waiting(get) != nil)
        #expect(waiting("GET / HTTP/1.1\n") != nil)
        #expect(waiting("GET \u{1}") != nil)
        #expect(waiting("\r\n\r\nGET ") != nil)
        #expect(waiting(String(repeating: "a", count: 66), RequestBounds.tightLimits) != nil)
        #expect(waiting("GET / HTTP/1.1\r\n" + String(repeating: "a:\r\n", count: 6), RequestBounds.tightLimits) != nil)
        #expect(waiting("GET / HTTP/1.1\r\n" + String(repeating: "a", count: 176), RequestBounds.tightLimits) != nil)
    }

    @Test func `slices that are not where the bytes are are noticed`() {
        for other in [
            "GET /a?b HTTP/1.1\r\nHost: a\r\nA:  \r\n\r\n", "GET /a?b HTTP/1.1\r\nHost: a\r\nAb: \r\n\r\n",
            "GE /aa?b HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n", "GET /?ab HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n",
            "GET /a HTTP/1.1\r\nHost: a\r\nA: b\r\n\r\n", "GET /a?b HTTP/1.1\r\nHost: aaaaaaa\r\n\r\n",
            "GET /a?b HTTP/1.0\r\nHost: a\r\nA: b\r\n\r\n", "\r\nGET /a?b HTTP/1.1\r\nHost: a\r\n\r\n",
        ] {
            #expect(failure(of: get, as: other, but: WireLimits()) != nil, "\(other.debugDescription)")
        }
    }

    @Test func `whatever comes after an error is noticed`() {
        var looks = 0
        #expect(failure(of: get, parse: { parser, bytes in
            looks += 1
            return looks == 1 ? .refused(.uriTooLong) : parser.parse(bytes)
        }) != nil)
        looks = 0
        #expect(failure(of: "GET\n\n\n", parse: { parser, bytes in
            looks += 1
            return looks == 3 ? .incomplete : parser.parse(bytes)
        }) != nil)
        looks = 0
        #expect(failure(of: chunked.replacing("ab", with: "abc"), decode: { decoder, bytes in
            let step = decoder.decode(bytes)
            if case .refused = step { looks += 1 }
            return looks == 2 ? .incomplete(consumed: 0) : step
        }) != nil)
    }

    @Test func `a body that is read elsewhere is noticed`() {
        let text = "POST / HTTP/1.0\r\nContent-Length: 2\r\n\r\nab"
        for step in [
            BodyStep.data(0 ..< 3, consumed: 3), .data(0 ..< 0, consumed: 1), .data(0 ..< 1, consumed: 0),
            .incomplete(consumed: 0), .end(consumed: 9), .end(consumed: 0), .refused(.bodyTooLarge),
        ] {
            #expect(failure(of: text, decode: { _, _ in step }) != nil, "\(step)")
        }
        #expect(failure(of: text, decode: { _, bytes in .data(0 ..< min(1, bytes.count), consumed: 0) }) != nil)
    }
}
