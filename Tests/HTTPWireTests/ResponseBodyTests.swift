import HTTPWire
import Testing

struct ResponseBodyTests {
    private func run(
        _ fields: String, _ body: String, line: String = "HTTP/1.1 200 OK", limits: ResponseLimits = ResponseLimits(),
        expectsBody: Bool = true
    ) throws -> ResponseRun {
        try reading("\(line)\r\n\(fields)\r\n\(body)", limits: limits, expectsBody: expectsBody)
    }

    private let chunked = "Transfer-Encoding: chunked\r\n"

    @Test func `a declared length is the body, and what follows answers nothing`() throws {
        let run = try run("Content-Length: 5\r\n", "helloHTTP/1.1")
        #expect(run.head?.framing == .length(5))
        #expect(text(run.body) == "hello")
        #expect(run.end == .complete((run.head?.headBytes ?? 0) + 5))
        #expect(run.atEndOfStream == .end)
    }

    @Test func `a length of 0 ends without a further byte`() {
        let bytes = Array("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".utf8)
        var reader = ResponseReader(expectsBody: true)
        _ = reader.next(bytes.span)
        var copy = reader
        let none: [UInt8] = []
        let (event, consumed) = reader.next(none.span)
        #expect(event == .end)
        #expect(consumed == 0)
        let (other, taken) = copy.next(bytes.span)
        #expect(other == .end)
        #expect(taken == 0)
        copy = ResponseReader(expectsBody: true)
        _ = copy.next(bytes.span)
        #expect(copy.endOfStream() == .end)
    }

    @Test(arguments: [
        "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Content-Length: x\r\n", "",
        "Transfer-Encoding: gzip\r\nContent-Length: 1\r\nContent-Length: 2\r\n",
    ])
    func `HEAD, 204 and 304 have no body, whatever the fields say`(fields: String) throws {
        for (line, expectsBody) in [
            ("HTTP/1.1 200 OK", false), ("HTTP/1.1 204 No Content", true), ("HTTP/1.1 304", true),
            ("HTTP/1.0 204", true),
        ] {
            let run = try run(fields, "hello", line: line, expectsBody: expectsBody)
            #expect(run.head?.framing == ResponseFraming.none)
            // A 204 that announces a body may send one, which would be taken for the next answer.
            let isHonest = fields.isEmpty || !line.contains("204")
            #expect(run.head?.keepsAlive == (line.hasPrefix("HTTP/1.1") && isHonest))
            #expect(run.end == .complete(run.head?.headBytes ?? 0))
            #expect(run.body.isEmpty)
        }
    }

    @Test func `without length and coding the body ends where the stream does`() throws {
        let run = try run("A: b\r\n", "hello")
        #expect(run.head?.framing == .untilClose)
        #expect(run.head?.keepsAlive == false)
        #expect(text(run.body) == "hello")
        #expect(run.end == .incomplete)
        #expect(run.atEndOfStream == .end)
        #expect(try reading("HTTP/1.0 200\nConnection: keep-alive\n\n").head?.keepsAlive == false)
    }

    @Test(arguments: ["chunked", "CHUNKED", "\tChunked "])
    func `decodes chunks`(coding: String) throws {
        let wire = "5;a\r\nhello\r\n1\r\n!\r\n0\r\nX: y\r\n\r\n"
        let run = try run("Transfer-Encoding:\(coding)\r\n", wire + "z")
        #expect(run.head?.framing == .chunked)
        #expect(run.head?.keepsAlive == true)
        #expect(text(run.body) == "hello!")
        #expect(run.end == .complete((run.head?.headBytes ?? 0) + wire.utf8.count))
    }

    @Test func `chunks win over a length, and the connection ends with them`() throws {
        for fields in [chunked + "Content-Length: 5\r\n", "Content-Length: 5\r\n" + chunked] {
            let run = try run(fields, "1\r\nx\r\n0\r\n\r\nxyz")
            #expect(run.head?.framing == .chunked)
            #expect(run.head?.keepsAlive == false)
            #expect(text(run.body) == "x")
        }
        #expect(try run(chunked + "Content-Length: x\r\n", "").refusal == .contentLength)
    }

    @Test(arguments: [
        ("Transfer-Encoding: gzip\r\n", ResponseRefusal.transferCoding),
        ("Transfer-Encoding: gzip, chunked\r\n", .transferCoding),
        ("Transfer-Encoding: chunked, chunked\r\n", .transferCoding),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n", .transferCoding),
        ("Transfer-Encoding: chunked;q=1\r\n", .transferCoding), ("Transfer-Encoding:\r\n", .transferCoding),
        ("Transfer-Encoding: identity\r\n", .transferCoding),
        ("Content-Length: +5\r\n", .contentLength), ("Content-Length: -5\r\n", .contentLength),
        ("Content-Length: 0x5\r\n", .contentLength), ("Content-Length:\r\n", .contentLength),
        ("Content-Length: 5 5\r\n", .contentLength), ("Content-Length: 5,\r\n", .contentLength),
        ("Content-Length: ,5\r\n", .contentLength), ("Content-Length: 5.0\r\n", .contentLength),
        ("Content-Length: 5, 6\r\n", .contentLengthsDiffer),
        ("Content-Length: 5\r\nContent-Length: 6\r\n", .contentLengthsDiffer),
        ("Content-Length: 9223372036854775808\r\n", .bodyTooLarge),
        ("Content-Length: 18446744073709551621\r\n", .bodyTooLarge),
        ("Content-Length: 99999999999999999999999999\r\n", .bodyTooLarge),
    ]) func `refuses a framing that readers may read differently`(fields: String, refusal: ResponseRefusal) throws {
        #expect(try run(fields, "hello").refusal == refusal, "\(fields)")
    }

    @Test func `HTTP 1,0 has no transfer coding`() throws {
        #expect(try run(chunked, "", line: "HTTP/1.0 200").refusal == .transferEncodingInHTTP10)
        #expect(try run(chunked, "0\r\n\r\n", line: "HTTP/1.2 200").refusal == nil)
    }

    @Test(arguments: ["5, 5", "5,5\t,  05", "005\r\nContent-Length: 5"])
    func `the same length may be said more than once`(value: String) throws {
        let run = try run("Content-Length: \(value)\r\n", "hello")
        #expect(run.head?.framing == .length(5))
        #expect(run.head?.keepsAlive == true)
        #expect(text(run.body) == "hello")
    }

    @Test func `bounds every body, declared, chunked and open`() throws {
        let limits = ResponseLimits(bodyBytesMax: 4)
        #expect(try run("Content-Length: 4\r\n", "good", limits: limits).refusal == nil)
        #expect(try run("Content-Length: 5\r\n", "", limits: limits).refusal == .bodyTooLarge)
        #expect(try run("Content-Length: 5\r\n", "", limits: limits, expectsBody: false).refusal == nil)
        #expect(try run(chunked, "2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n", limits: limits).refusal == nil)
        #expect(try run(chunked, "2\r\nab\r\n3\r\n", limits: limits).refusal == .bodyTooLarge)
        #expect(try run("", "good", limits: limits).atEndOfStream == .end)
        let run = try run("", "great", limits: limits)
        #expect(run.refusal == .bodyTooLarge)
        #expect(text(run.body) == "grea")
        #expect(ResponseLimits(bodyBytesMax: .max).bodyBytesMax == UInt64(Int64.max))
    }

    @Test(arguments: [
        ("\r\n", WireFault.chunkSize), ("5\n", .chunkSize), ("5;\r\n", .chunkExtension), ("1\r\nxy", .chunkEnd),
        ("5\rx", .bareCR), ("0\r\nA\r\n", .trailer), ("0\r\nContent-Length: 5\r\n", .trailerNotAllowed),
    ]) func `refuses malformed chunks, by name`(wire: String, fault: WireFault) throws {
        #expect(try run(chunked, wire).refusal == .chunks(fault))
    }

    @Test func `passes over a hundred trailers, and not over any number`() throws {
        let hundred = (100 ..< 200).map { "X-Sum-\($0): 12\r\n" }.joined()
        #expect(hundred.utf8.count == 1_500)
        #expect(try run(chunked, "0\r\n" + hundred + "\r\n").refusal == nil)
        #expect(try run(chunked, "0\r\n" + hundred + hundred + "\r\n").refusal == nil)
        let more = hundred + hundred + "A: b\r\n"
        #expect(try run(chunked, "0\r\n" + more).refusal == .chunks(.trailersTooLarge))
    }

    @Test(arguments: [
        ("H", false), ("HTTP/1.1 200 OK\r\n", false), ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhell", false),
        ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n", false),
        ("HTTP/1.1 100 Continue\r\n\r\n", false), ("HTTP/1.1 200 OK\r\n\r\n", true),
        ("HTTP/1.1 204 No\r\n\r\n", true), ("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", true),
    ]) func `the end of the stream ends an answer or cuts it short`(answer: String, isComplete: Bool) throws {
        #expect(try reading(answer).atEndOfStream == (isComplete ? .end : .refused(.truncated)))
    }

    @Test func `the end of a stream on which nothing came is no refusal`() throws {
        var reader = ResponseReader(expectsBody: true)
        #expect(reader.endOfStream() == .incomplete)
        #expect(reader.isFresh)
        #expect(try reading("").atEndOfStream == .incomplete)
    }
}
