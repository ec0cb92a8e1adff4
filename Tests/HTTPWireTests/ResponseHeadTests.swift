import HTTPWire
import Testing

struct ResponseHeadTests {
    private let okay = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"

    @Test func `reads status, version and fields where they stand`() throws {
        let run = try reading(
            "HTTP/1.1 206 Some \t\u{E9}\r\nETag: \"a\"\r\nX-Empty: \t\r\ncontent-length:\t2 \r\n\r\nhi")
        let head = try #require(run.head)
        #expect(head.status == 206)
        #expect(head.minorVersion == 1)
        #expect(head.fields == ["ETag=\"a\"", "X-Empty=", "content-length=2"])
        #expect(head.framing == .length(2))
        #expect(head.keepsAlive)
        #expect(head.headBytes == 67)
        #expect(run.end == .complete(69))
    }

    @Test(arguments: [
        "HTTP/1.1 200 OK", "HTTP/1.1 200 ", "HTTP/1.1 200", "HTTP/1.1 599 a b", "HTTP/1.0 404 \t", "HTTP/1.7 299 x",
    ]) func `takes a status line with and without a reason`(line: String) throws {
        let head = try #require(try reading(line + "\r\n\r\n").head)
        #expect("\(head.status)" == line.split(separator: " ")[1])
        #expect(head.minorVersion == (line.hasPrefix("HTTP/1.0") ? 0 : 1))
    }

    @Test(arguments: [
        ("", ResponseRefusal.statusLine), ("HTTP/1.1", .statusLine), ("HTTP/1.1 ", .statusLine),
        ("HTTP/1.1 20", .statusLine), ("HTTP/1.1 2000", .statusLine), ("HTTP/1.1 200OK", .statusLine),
        ("HTTP/1.1 200\tOK", .statusLine), ("HTTP/1.1  200", .statusLine), ("HTTP/1.1\t200 OK", .statusLine),
        ("HTTP/11 200 OK", .statusLine), ("HTTP/1.10 200 OK", .statusLine), ("http/1.1 200 OK", .statusLine),
        (" HTTP/1.1 200 OK", .statusLine), ("HTTP/1.1 +20 OK", .statusLine), ("HTTP/1.1 2x0 OK", .statusLine),
        ("HTTP/1.1 20x OK", .statusLine), ("HTTP/1,1 200 OK", .statusLine), ("HTTP/x.1 200 OK", .statusLine),
        ("HTTP/1.x 200 OK", .statusLine), ("ICY 200 OK is radio", .statusLine), ("HTTP/2 200", .statusLine),
        ("HTTP/2.0 200 OK", .version), ("HTTP/0.9 200 OK", .version), ("HTTP/1.1 099 OK", .status),
        ("HTTP/1.1 000 OK", .status), ("HTTP/1.1 600 OK", .status), ("HTTP/1.1 999", .status),
        ("HTTP/1.1 101 Switching", .upgrade),
    ]) func `refuses what is no status line of HTTP 1`(line: String, refusal: ResponseRefusal) throws {
        #expect(try reading(line + "\r\nContent-Length: 0\r\n\r\n").refusal == refusal, "\(line)")
    }

    @Test func `a line ends with CRLF or LF, and with nothing else`() throws {
        let run = try reading("HTTP/1.1 200 OK\nA: b\r\nContent-Length: 1\n\nx")
        #expect(run.head?.fields == ["A=b", "Content-Length=1"])
        #expect(run.end == .complete(42))
        #expect(try reading("HTTP/1.1 200 OK\r\rA: b\r\n\r\n").refusal == .bareCR)
        #expect(try reading("HTTP/1.1 200 OK\r\nA: b\rc\r\n\r\n").refusal == .bareCR)
        #expect(try reading("HTTP/1.1 200 OK\r\n\rx").refusal == .bareCR)
    }

    @Test(arguments: ["\u{0}", "\u{1}", "\u{B}", "\u{1F}", "\u{7F}"])
    func `refuses control bytes at once`(byte: String) throws {
        #expect(try reading("HTTP/1.1 200 O\(byte)").refusal == .controlByte)
        #expect(try reading("HTTP/1.1 200 OK\r\nA: b\(byte)").refusal == .controlByte)
        #expect(try reading("\(byte)").refusal == .controlByte)
    }

    @Test(arguments: [
        (" folded", ResponseRefusal.foldedLine), ("\tfolded", .foldedLine), ("A : b", .fieldName), (": b", .fieldName),
        ("A", .fieldName), ("A b: c", .fieldName), ("\u{E9}: b", .fieldName), ("A(b): c", .fieldName),
    ]) func `refuses what is no field line, in interim heads too`(line: String, refusal: ResponseRefusal) throws {
        #expect(try reading("HTTP/1.1 200 OK\r\nX: y\r\n\(line)\r\n\r\n").refusal == refusal)
        #expect(try reading("HTTP/1.1 103 Hints\r\n\(line)\r\n\r\n" + okay).refusal == refusal)
    }

    @Test func `reads interim heads, drops their fields and goes on`() throws {
        let interim =
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103\nLink: </a>\nContent-Length: x\n\nHTTP/1.0 199 ?\r\n\r\n"
        let run = try reading(interim + okay + "HTTP")
        #expect(run.interim == [100, 103, 199])
        #expect(run.head?.fields == ["Content-Length=0"])
        #expect(run.head?.headBytes == okay.utf8.count)
        #expect(run.end == .complete(interim.utf8.count + okay.utf8.count))
        #expect(try reading(interim).atEndOfStream == .refused(.truncated))
    }

    @Test(arguments: [
        ("HTTP/1.1 200", "", true), ("HTTP/1.1 200", "Connection: close", false),
        ("HTTP/1.1 200", "connection: a, CLOSE ,b", false), ("HTTP/1.1 200", "Connection: closed, xclose", true),
        ("HTTP/1.1 200", "Connection: keep-alive\r\nConnection: close", false),
        ("HTTP/1.0 200", "", false), ("HTTP/1.0 200", "Connection: Keep-Alive", true),
        ("HTTP/1.0 200", "Connection: keep-alive, close", false), ("HTTP/1.9 200", "Connection: x", true),
    ]) func `says whether the connection goes on`(line: String, fields: String, keepsAlive: Bool) throws {
        let head = "\(line)\r\nContent-Length: 0\r\n\(fields)\(fields.isEmpty ? "" : "\r\n")\r\n"
        #expect(try reading(head).head?.keepsAlive == keepsAlive, "\(head)")
    }

    @Test func `bounds one head in bytes and fields`() throws {
        func refusal(_ bytes: Int, _ fields: Int) throws -> ResponseRefusal? {
            try reading(okay, limits: ResponseLimits(headBytesMax: bytes, fieldsMax: fields)).refusal
        }
        #expect(try refusal(38, 1) == nil)
        #expect(try refusal(37, 1) == .headTooLarge)
        #expect(try refusal(20, 1) == .headTooLarge)
        #expect(try refusal(38, 0) == .headTooLarge)
        let interim = "HTTP/1.1 100 Go on\r\nA: b\r\nC: d\r\n\r\n"
        #expect(try reading(interim + okay, limits: ResponseLimits(fieldsMax: 2)).refusal == nil)
        #expect(try reading(interim + okay, limits: ResponseLimits(fieldsMax: 1)).refusal == .headTooLarge)
        #expect(try reading(okay, limits: ResponseLimits(headBytesMax: .max)).end == .complete(38))
    }

    @Test func `bounds all heads of an answer together, trailers among them`() throws {
        func run(_ answer: String, _ bytes: Int) throws -> ResponseRun.End {
            try reading(answer, limits: ResponseLimits(headBytesMax: 60, totalHeadBytesMax: bytes)).end
        }
        let interim = "HTTP/1.1 100 Continue\r\n\r\n"
        #expect(try run(interim + interim + okay, 88) == .complete(88))
        #expect(try run(interim + interim + okay, 87) == .refused(.headTooLarge))
        #expect(try run(interim + interim + okay, 50) == .refused(.headTooLarge))
        let chunked = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\nA: b\r\n\r\n"
        #expect(try run(chunked, 55) == .complete(64))
        #expect(try run(chunked, 54) == .refused(.chunks(.trailersTooLarge)))
        let endless = String(repeating: interim, count: 4_000)
        #expect(try reading(endless).interim.count == 65_536 / 25)
        #expect(try reading(endless).end == .refused(.headTooLarge))
    }

    @Test func `a head that lies in one input is parsed in place, and one in pieces is handed over once`() {
        func bytes(_ pieces: [[UInt8]]) -> [[UInt8]?] {
            var reader = ResponseReader(expectsBody: true)
            var consumed = 0
            var handed: [[UInt8]?] = []
            for piece in pieces {
                consumed += reader.next(piece.span).consumed
                handed.append(reader.takeHeadBytes())
            }
            return consumed == 38 ? handed + [reader.takeHeadBytes()] : []
        }
        let head = Array(okay.utf8)
        let whole = head + Array("HTTP".utf8)
        #expect(bytes([whole]) == [nil, nil])
        #expect(bytes(pieces(whole, at: [20])) == [nil, head, nil])
    }

    @Test func `every refusal has its line`() {
        let all: [ResponseRefusal] = [
            .statusLine, .version, .status, .upgrade, .bareCR, .controlByte, .foldedLine, .fieldName, .headTooLarge,
            .contentLength, .contentLengthsDiffer, .transferCoding, .transferEncodingInHTTP10, .bodyTooLarge,
            .chunks(.chunkSize), .truncated,
        ]
        #expect(Set(all.map(\.detail)).count == all.count)
        #expect(all.allSatisfy { !$0.detail.isEmpty && !$0.detail.contains("\n") })
    }
}
