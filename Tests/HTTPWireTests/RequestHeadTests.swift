import Bytes
import HTTPWire
import Testing

struct RequestHeadTests {
    private func refusal(_ stream: String, limits: WireLimits = WireLimits()) throws -> WireRefusal? {
        try verdict(stream, limits: limits).refusal
    }

    private func first(_ stream: String) throws -> WireRun.Request {
        let run = try verdict(stream)
        return try #require(run.requests.first, "\(run)")
    }

    @Test func `takes a request apart`() throws {
        let request = try first("GET /a/b?c=d?e HTTP/1.1\r\nHost: x\r\nX-One: \t two words \t\r\nEmpty:\r\n\r\n")
        #expect(text(request.method) == "GET")
        #expect(text(request.path) == "/a/b")
        #expect(request.query.map(text) == "c=d?e")
        #expect(request.fields.map { text($0.name) } == ["Host", "X-One", "Empty"])
        #expect(request.fields.map { text($0.value) } == ["x", "two words", ""])
        #expect(request.framing == .none)
        #expect(request.keepsAlive)
        #expect(request.isComplete)
        #expect(request.headBytes == 66)
    }

    @Test func `points at the root where absolute-form has no path`() throws {
        let request = try first("GET HTTPS://Example.org?q HTTP/1.1\r\nHost: example.ORG:443\r\n\r\n")
        #expect(text(request.path) == "/")
        #expect(request.query.map(text) == "q")
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", WireFault.bareLF),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: y\rz\r\n\r\n", .bareCR),
        ("GET / HTTP/1.1\r\nHost: a\r\nX: y\u{1}z\r\n\r\n", .controlByte),
        ("\u{16}\u{3}\u{1}", .controlByte),
        ("\r\n\r\nGET / HTTP/1.1\r\n", .emptyLines),
        ("GET\r\n", .method),
        (" GET / HTTP/1.1\r\n", .method),
        ("GET /\r\n", .version),
        ("GET / HTTP/1.1 \r\n", .version),
        ("GET  / HTTP/1.1\r\n", .version),
        ("GET /%zz HTTP/1.1\r\n", .target),
        ("GET /%4 HTTP/1.1\r\n", .target),
        ("GET /a#b HTTP/1.1\r\n", .target),
        ("GET * HTTP/1.1\r\n", .target),
        ("GET a HTTP/1.1\r\n", .target),
        ("GET ftp://a/ HTTP/1.1\r\n", .target),
        ("GET http:///x HTTP/1.1\r\n", .target),
        ("GET http://u@a/x HTTP/1.1\r\n", .target),
        ("CONNECT a HTTP/1.1\r\n", .target),
        ("GET / HTTP/1.1\r\nHost : a\r\n", .fieldName),
        ("GET / HTTP/1.1\r\n: a\r\n", .fieldName),
        ("GET / HTTP/1.1\r\nHost\r\n", .fieldName),
        ("GET / HTTP/1.1\r\nHost: a\r\n b\r\n", .foldedLine),
        ("GET / HTTP/1.1\r\n\r\n", .hostMissing),
        ("GET / HTTP/1.1\r\nHost: a\r\nhOST: a\r\n", .hostRepeated),
        ("GET / HTTP/1.1\r\nHost:\r\n", .hostInvalid),
        ("GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", .hostDiffersFromTarget),
        ("GET http://a:81/ HTTP/1.1\r\nHost: a\r\n\r\n", .hostDiffersFromTarget),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: +5\r\n", .contentLength),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length:\r\n", .contentLength),
        ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n", .contentLengthRepeated),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
            .transferEncodingRepeated
        ),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
            .transferEncodingWithLength
        ),
        ("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", .transferEncodingInHTTP10),
    ]) func `refuses what is malformed, by name`(stream: String, fault: WireFault) throws {
        let refusal = try refusal(stream)
        #expect(refusal == .badRequest(fault), "\(stream.debugDescription)")
        #expect(refusal?.status == 400)
    }

    @Test(arguments: ["HTTP/1.2", "HTTP/2.0", "HTTP/0.9"]) func `refuses other versions`(version: String) throws {
        #expect(try refusal("GET / \(version)\r\n") == .versionNotSupported)
    }

    @Test(arguments: ["gzip", "chunked, gzip", "gzip, chunked", "identity", "chunked;", ""])
    func `refuses every coding but chunked`(coding: String) throws {
        let stream = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: \(coding)\r\n\r\n"
        #expect(try refusal(stream) == .codingNotImplemented)
    }

    @Test(arguments: [
        "a", "a:", "a:80", "127.0.0.1:1", "[::1]", "[::]:8080", "[1:2:3:4:5:6:7:8]", "[::ffff:1.2.3.4]", "[1::8]",
        "%41b",
    ]) func `takes a host with an optional port`(host: String) throws {
        #expect(try verdict("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n").complete == 1)
    }

    @Test(arguments: [
        "a b", "a,b", "a/b", "a@b", "a:b", "a:1:2", ":80", "a:65536", "[::1", "::1", "[1:2:3:4:5:6:7]", "[::1::2]",
        "[:1]", "[1:2:3:4:5:6:7:8:9]", "[12345::]", "[::1.2.3]", "[::1.2.3.256]", "[::01.2.3.4]", "[1.2.3.4]", "[]",
        "[::1]x", "%4", "\"a\"", "[fe80::1%25lo]",
    ]) func `refuses what is no host`(host: String) throws {
        #expect(try refusal("GET / HTTP/1.1\r\nHost: \(host)\r\n\r\n") == .badRequest(.hostInvalid))
    }

    @Test func `bounds the request line and the head`() throws {
        let limits = WireLimits(headBytesMax: 80, requestLineBytesMax: 40, fieldsMax: 3)
        func line(_ bytes: Int) -> String { "GET /" + String(repeating: "a", count: bytes - 14) + " HTTP/1.1" }
        func head(_ bytes: Int) -> String {
            "GET / HTTP/1.1\r\nHost: a\r\nX: " + String(repeating: "a", count: bytes - 32) + "\r\n\r\n"
        }
        #expect(try verdict(line(40) + "\r\nHost: a\r\n\r\n", limits: limits).complete == 1)
        #expect(try refusal(line(41) + "\r\nHost: a\r\n\r\n", limits: limits) == .uriTooLong)
        #expect(try refusal(line(45), limits: limits) == .uriTooLong)
        #expect(try verdict(head(80), limits: limits).complete == 1)
        #expect(try refusal(head(81), limits: limits) == .headersTooLarge)
        #expect(try refusal(String(head(90).dropLast(4)), limits: limits) == .headersTooLarge)
        let many = "GET / HTTP/1.1\r\nHost: a\r\nB: b\r\nC: c\r\n"
        #expect(try verdict(many + "\r\n", limits: limits).complete == 1)
        #expect(try refusal(many + "D: d\r\n\r\n", limits: limits) == .headersTooLarge)
    }

    @Test func `a method longer than any is not implemented`() throws {
        let method = String(repeating: "M", count: 65)
        #expect(try refusal("\(method) / HTTP/1.1\r\n") == .methodNotImplemented)
        let known = try verdict("\(method.dropLast()) / HTTP/1.1\r\nHost: a\r\n\r\n").requests.first?.isKnownMethod
        #expect(known == false)
        let endless = String(repeating: "M", count: 60)
        #expect(try refusal(endless, limits: WireLimits(requestLineBytesMax: 20)) == .badRequest(.method))
    }

    @Test func `a length over the wire's bound is too large`() throws {
        for length in ["6000000000000", "18446744073709551615", "18446744073709551616", "99999999999999999999999"] {
            #expect(try refusal("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n") == .bodyTooLarge)
        }
    }

    @Test(arguments: [
        ("1.1", "", true), ("1.1", "Connection: close\r\n", false), ("1.1", "Connection: x ,\tCLOSE\r\n", false),
        ("1.1", "Connection: closed\r\n", true), ("1.1", "Connection: keep-alive\r\nConnection: close\r\n", false),
        ("1.0", "", false), ("1.0", "Connection: Keep-Alive\r\n", true),
        ("1.0", "Connection: keep-alive, close\r\n", false),
    ]) func `honours the connection options`(version: String, fields: String, keepsAlive: Bool) throws {
        #expect(try first("GET / HTTP/\(version)\r\nHost: a\r\n\(fields)\r\n").keepsAlive == keepsAlive)
    }

    @Test(arguments: [
        ("1.1", "Content-Length: 5\r\nExpect: 100-Continue\r\n", true),
        ("1.1", "Transfer-Encoding: chunked\r\nExpect: 100-continue\r\n", true),
        ("1.1", "Content-Length: 0\r\nExpect: 100-continue\r\n", false),
        ("1.1", "Expect: 100-continue\r\n", false),
        ("1.1", "Content-Length: 5\r\nExpect: 200-ok\r\n", false),
        ("1.0", "Content-Length: 5\r\nExpect: 100-continue\r\n", false),
    ]) func `hears who waits for 100 Continue`(version: String, fields: String, expects: Bool) throws {
        #expect(try first("POST / HTTP/\(version)\r\nHost: a\r\n\(fields)\r\n").expectsContinue == expects)
    }

    @Test func `HTTP 1_0 needs no host`() throws {
        #expect(try first("GET / HTTP/1.0\r\n\r\n").minorVersion == 0)
    }

    @Test func `finds fields by name in any case and in order`() {
        func values(_ head: [UInt8]) -> [String] {
            var parser = RequestParser(limits: WireLimits())
            guard case .head(let parsed) = parser.parse(head.span) else { return [] }
            var found: [String] = []
            parsed.forEachValue(of: .authorization, in: head.span) { found.append($0.repairedText()) }
            #expect(parsed.count(of: .authorization) == 2)
            #expect(parsed.value(of: .authorization, in: head.span)?.repairedText() == "one")
            let absent = parsed.value(of: .contentType, in: head.span)?.repairedText()
            #expect(absent == nil)
            return found
        }
        let head = "GET / HTTP/1.1\r\nHost: a\r\nAUTHORIZATION: one\r\nX: y\r\nauthorization: two\r\n\r\n"
        #expect(values(Array(head.utf8)) == ["one", "two"])
    }

    @Test func `knows every field it has a name for`() throws {
        for known in KnownField.allCases where known != .other && known != .host {
            let value = known == .contentLength ? "0" : "chunked"
            let head = Array("GET / HTTP/1.1\r\nHost: a\r\n\(known.name.uppercased()): \(value)\r\n\r\n".utf8)
            func parse(_ head: [UInt8]) -> HeadProgress {
                var parser = RequestParser(limits: WireLimits())
                return parser.parse(head.span)
            }
            guard case .head(let parsed) = parse(head) else {
                Issue.record("\(known) refused")
                continue
            }
            #expect(parsed.fields.last?.known == known)
        }
    }
}
