import Linux
import Serving
import Testing

struct ServingTests {
    private let get = "GET /get HTTP/1.1\r\nHost: a\r\n\r\n"

    private func post(_ path: String, _ body: String, _ fields: String = "") -> String {
        "POST \(path) HTTP/1.1\r\nHost: a\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test func `answers request after request on one connection`() throws {
        let server = try TestServer()
        let client = try TestClient(server)
        for number in 0 ..< 3 {
            try client.send(post("/echo", "body \(number)"))
            let reply = try client.reply()
            #expect(reply.status == 200)
            #expect(reply.body == Array("body \(number)".utf8))
            #expect(!reply.head.contains("Connection"))
        }
    }

    @Test func `answers pipelined requests in order, one at a time`() throws {
        let server = try TestServer()
        let client = try TestClient(server)
        try client.send((0 ..< 50).map { post("/echo\($0)", "\($0)") }.joined())
        for number in 0 ..< 50 {
            let reply = try client.reply()
            #expect(reply.head.contains("x-path: /echo\(number)\r\n"))
            #expect(reply.body == Array("\(number)".utf8))
        }
        // A second head is not looked at before the first has its response.
        try client.send(post("/later", "") + get)
        #expect(server.events.has("end /later"))
        server.send(.resume)
        #expect(server.events.has("resumed"))
        #expect(!server.events.all.contains("head /get"))
        server.send(.respond)
        #expect(try client.reply().head.contains("/later"))
        #expect(try client.reply().head.contains("/get"))
    }

    @Test func `takes a request in single bytes`() throws {
        let server = try TestServer()
        let client = try TestClient(server)
        let chunked = "POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"
        for byte in Array((chunked + chunked).utf8) { try client.send([byte]) }
        #expect(try client.reply().body == Array("hello".utf8))
        #expect(try client.reply().body == Array("hello".utf8))
    }

    @Test func `hands over a body of megabytes unchanged`() throws {
        let server = try TestServer()
        let client = try TestClient(server)
        let body = (0 ..< 3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.count)\r\n\r\n")
        try client.send(body)
        let reply = try client.reply()
        #expect(reply.body == body)
    }

    @Test func `sends 100 Continue when the handler says so`() throws {
        let server = try TestServer()
        let client = try TestClient(server)
        try client.send("POST /continue HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        #expect(try client.reply().status == 100)
        try client.send("hello")
        #expect(try client.reply().body == Array("hello".utf8))
        // Not to a client that did not ask, and not before a refusal.
        try client.send(post("/continue", "hello"))
        #expect(try client.reply().status == 200)
        try client.send("POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n")
        let refusal = try client.reply()
        #expect(refusal.status == 401)
        #expect(refusal.head.contains("\r\nConnection: close\r\n"))
        #expect(try client.endsNow())
    }

    @Test(arguments: ["/refuse", "/refuse-body"])
    func `an early answer is readable by a client that goes on sending`(path: String) throws {
        let server = try TestServer()
        let client = try TestClient(server)
        try client.send("POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: 6291456\r\n\r\n")
        try client.send([UInt8](repeating: 0x61, count: 6 << 20))
        #expect(try client.reply().status == (path == "/refuse" ? 401 : 413))
        try client.halfClose()
        #expect(try client.endsNow())
        #expect(server.events.has("closed"))
    }

    @Test func `an early answer to a short body keeps the connection`() throws {
        let server = try TestServer()
        let client = try TestClient(server)
        try client.send(post("/refuse", "short") + get)
        #expect(try client.reply().status == 401)
        #expect(try client.reply().status == 200)
    }

    @Test func `drops no more after an early answer than its bound`() throws {
        let server = try TestServer { $0.drainBytesMax = 100_000 }
        let client = try TestClient(server)
        try client.send("POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 600000000\r\n\r\n")
        #expect(throws: (any Error).self) {
            for _ in 0 ..< 600 { try client.send([UInt8](repeating: 0x61, count: 1_000_000)) }
        }
        #expect(server.events.has("closed"))
    }

    @Test func `drains no longer than a silent client's bound`() throws {
        let server = try TestServer { $0.drainIdleMilliseconds = 50 }
        let client = try TestClient(server)
        try client.send("POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 600\r\n\r\n")
        #expect(try client.reply().status == 401)
        #expect(server.events.has("closed"))
    }

    @Test func `a client that half-closes after its body gets its response`() throws {
        let server = try TestServer()
        let client = try TestClient(server)
        try client.send(post("/later", "hello"))
        try client.halfClose()
        #expect(server.events.has("end /later"))
        server.send(.respond)
        #expect(try client.reply().body == Array("hello".utf8))
        #expect(try client.endsNow())
        #expect(!server.events.all.contains { $0.hasPrefix("gone") })
    }

    @Test func `a client that half-closes within its body is told so`() throws {
        let server = try TestServer()
        let client = try TestClient(server)
        try client.send("POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nhello")
        try client.halfClose()
        #expect(try client.reply().status == 400)
        #expect(try client.endsNow())
        #expect(server.events.all.contains("gone closedEarly"))
    }

    @Test(arguments: ["/echo", "/pause", "/later"]) func `a client that vanishes is noticed`(path: String) throws {
        let server = try TestServer()
        do {
            let client = try TestClient(server)
            let length = path == "/later" ? 5 : 6
            try client.send("POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\nhello")
            #expect(server.events.has(path == "/later" ? "end /later" : "head \(path)"))
            try client.reset()
        }
        #expect(server.events.has("gone reset"))
        #expect(server.events.has("closed"))
    }

    @Test func `a paused connection reads nothing and loses nothing`() throws {
        let server = try TestServer()
        let client = try TestClient(server)
        try client.send("POST /pause HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n")
        #expect(server.events.has("head /pause"))
        // What the kernel takes of it waits there.
        try client.send([UInt8](repeating: 0x61, count: 100_000))
        #expect(!server.events.all.contains("end /pause"))
        server.send(.resume)
        try client.send([UInt8](repeating: 0x61, count: 400_000))
        #expect(try client.reply().body.count == 500_000)
    }

    @Test(arguments: ["/pause", "/later"]) func `what waits unread does not keep the loop busy`(path: String) throws {
        let server = try TestServer()
        let client = try TestClient(server)
        let length = path == "/later" ? 0 : 100_000
        try client.send("POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: \(length)\r\n\r\n")
        #expect(server.events.has("head \(path)"))
        try client.send([UInt8](repeating: 0x61, count: 50_000))
        try client.halfClose()
        let before = server.events.turnsCount
        // The loop turns every 10 ms of itself; a slow machine makes that fewer turns, never more.
        let limit = Clock.monotonicMilliseconds() + 200
        while Clock.monotonicMilliseconds() < limit { Thread.yield() }
        #expect(server.events.turnsCount - before < 200)
    }

    @Test func `writes a large response to a slow reader`() throws {
        let server = try TestServer()
        let client = try TestClient(server)
        try client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n" + get)
        #expect(server.events.has("end /large"))
        #expect(!server.events.all.contains("head /get"))
        #expect(try client.reply().body.count == 8 << 20)
        #expect(try client.reply().head.contains("x-path: /get"))
    }

    @Test func `gives up a client that takes nothing of its response`() throws {
        let server = try TestServer { $0.writeIdleMilliseconds = 50 }
        let client = try TestClient(server)
        try client.send("GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(server.events.has("closed"))
        _ = client
    }

    @Test func `HTTP 1_0 ends with its response unless it asks to stay`() throws {
        let server = try TestServer()
        let kept = try TestClient(server)
        try kept.send("GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        #expect(try kept.reply().head.contains("\r\nConnection: keep-alive\r\n"))
        try kept.send("POST /b HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello")
        let last = try kept.reply()
        #expect(last.body == Array("hello".utf8))
        #expect(last.head.contains("\r\nConnection: close\r\n"))
        #expect(try kept.endsNow())
    }

    @Test func `closes when client or handler ask for it`() throws {
        let server = try TestServer()
        let client = try TestClient(server)
        try client.send("GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n" + get)
        #expect(try client.reply().head.contains("\r\nConnection: close\r\n"))
        #expect(try client.endsNow())
        let other = try TestClient(server)
        try other.send("GET /close HTTP/1.1\r\nHost: a\r\n\r\n")
        #expect(try other.reply().head.contains("\r\nConnection: close\r\n"))
        #expect(try other.endsNow())
    }

    @Test func `HEAD gets the length and no body`() throws {
        let server = try TestServer()
        let client = try TestClient(server)
        try client.send("HEAD /large HTTP/1.1\r\nHost: a\r\n\r\n" + get)
        #expect(try client.reply(hasBody: false).head.contains("Content-Length: 8388608\r\n"))
        #expect(try client.reply().head.contains("x-path: /get"))
    }

    @Test func `a malformed head is answered and ends the connection`() throws {
        let server = try TestServer()
        let client = try TestClient(server)
        try client.send(get + "GET /bad\r\nHost: a\r\n\r\n" + get)
        #expect(try client.reply().status == 200)
        let refusal = try client.reply()
        #expect(refusal.status == 400)
        #expect(refusal.head.contains("\r\nConnection: close\r\n"))
        #expect(try client.endsNow())
    }

    @Test func `a malformed body is told and answered`() throws {
        let server = try TestServer()
        let client = try TestClient(server)
        try client.send("POST /echo HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nx\r\n")
        #expect(try client.reply().status == 400)
        #expect(try client.endsNow())
        #expect(server.events.all.contains { $0.hasPrefix("gone malformed") })
    }
}
