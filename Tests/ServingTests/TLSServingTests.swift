import Serving
import TestSupport
import Testing
import TLS

/// What a connection does with TLS between it and its client; the engine itself has tests of its own.
@Suite struct TLSServingTests {
    private static func server(_ change: (inout ServingLimits) -> Void = { _ in }) throws -> TestServer {
        let pair = try #require(TestAuthority.shared?.first)
        let context = try TLSContext(
            pairs: [TLSKeyPair(certificatesPEM: pair.certificatesPEM, privateKeyPEM: pair.privateKeyPEM)])
        return try TestServer(tls: context, change)
    }

    private func post(_ path: String, _ body: String) -> String {
        "POST \(path) HTTP/1.1\r\nHost: a\r\nContent-Length: \(body.utf8.count)\r\n\r\n\(body)"
    }

    @Test func `answers request after request, and the last before the client's close_notify`() throws {
        let server = try Self.server()
        let client = try SecureTestClient(server)
        for number in 0 ..< 3 {
            try client.send(post("/echo", "body \(number)"))
            #expect(try client.textUntil("body \(number)").hasPrefix("HTTP/1.1 200 "))
        }
        try client.send(post("/echo", "the last"), thenCloses: true)
        #expect(try client.textUntil("the last").hasPrefix("HTTP/1.1 200 "))
        #expect(try client.isClosedOrderly())
        #expect(server.events.all.contains("handshake established"))
    }

    @Test func `a response that is late reaches a client that has said close_notify`() throws {
        let server = try Self.server()
        let client = try SecureTestClient(server)
        try client.send(post("/later", "body"), thenCloses: true)
        #expect(server.events.has("end /later"))
        server.send(.respond)
        #expect(try client.textUntil("body").hasPrefix("HTTP/1.1 200 "))
        #expect(try client.isClosedOrderly())
        #expect(server.events.has("closed"))
    }

    @Test func `eight mebibytes go out whole to a client that reads late`() throws {
        let server = try Self.server()
        let client = try SecureTestClient(server)
        try client.send(post("/large", ""))
        #expect(server.events.has("end /large"))
        let text = try client.textUntil(String(repeating: "a", count: 64), bytesMin: 8 << 20)
        #expect(text.hasPrefix("HTTP/1.1 200 "))
    }

    @Test func `an early refusal is followed by close_notify, and the rest is dropped undecrypted`() throws {
        let server = try Self.server()
        let client = try SecureTestClient(server)
        try client.send("POST /refuse HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n")
        for _ in 0 ..< 3 { try client.send(String(repeating: "x", count: 100_000)) }
        #expect(try client.textUntil("no").hasPrefix("HTTP/1.1 401 "))
        #expect(try client.isClosedOrderly())
    }

    @Test func `the oldest handshake makes room where there are too many`() throws {
        let server = try Self.server { $0.handshakesMax = 4 }
        // Silent ones are none yet.
        let silent = try (0 ..< 8).map { _ in try TestClient(server) }
        let begun = try (0 ..< 4).map { _ in
            let client = try TestClient(server)
            try client.send([0x16, 3, 1])
            return client
        }
        let client = try SecureTestClient(server)
        try client.send(post("/echo", "served"))
        #expect(try client.textUntil("served").hasPrefix("HTTP/1.1 200 "))
        #expect(server.events.has("handshake pushedOut"))
        #expect(server.events.all.filter { $0 == "handshake pushedOut" }.count == 1)
        #expect(try begun[0].endsNow())
        _ = silent
    }

    @Test func `a handshake that does not come to its end is given up`() throws {
        let server = try Self.server { $0.handshakeMilliseconds = 50 }
        let silent = try TestClient(server)
        let begun = try TestClient(server)
        try begun.send([0x16, 3, 1])
        #expect(try silent.endsNow())
        #expect(try begun.endsNow())
        #expect(server.events.all.filter { $0 == "handshake unfinished" }.count == 1)
    }

    @Test func `a client that makes the engine talk and does not listen is dropped`() throws {
        // No deadline is what ends it.
        let server = try Self.server {
            $0.unaskedBytesMax = 4_096
            $0.headMilliseconds = 600_000
        }
        let client = try SecureTestClient(server, receivesLittle: true)
        var isDropped = false
        for _ in 0 ..< 6_000 where !isDropped {
            do {
                try client.updateKeys(times: 50)
            } catch {
                isDropped = true
            }
        }
        #expect(isDropped)
        #expect(server.events.has("closed"))
    }
}
