import Bytes
import HTTPClient
import TestSupport
import Testing

/// What becomes of a connection behind an answer.
@Suite struct HTTPClientConnectionTests {
    typealias Bench = HTTPClientTests.Bench

    /// Sends one text as the answer to every request, and notes each connection that the client closes.
    private static func bench(_ text: String, closes: Bool = false, _ notes: Notes<Int> = Notes()) throws -> Bench {
        try Bench(
            ScriptedServer { connection in
                while try connection.readHead() != nil {
                    try connection.send(text)
                    if closes { return }
                }
                notes.add(connection.number)
            }, .idle)
    }

    private static func get(_ bench: Bench, _ target: String = "/") throws -> HTTPResponse {
        try bench.send(HTTPRequest(.get, bench.server.url + target)).get()
    }

    // MARK: left over

    @Test func `bytes behind an answer answer nothing, and end the connection`() throws {
        let notes = Notes<Int>()
        let bench = try Self.bench("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n", notes)
        for count in 1...3 {
            #expect(try Self.get(bench).body == Array("ok".utf8))
            #expect(bench.server.acceptedCount == count)
            #expect(bench.driver.run { notes.count == count })
            #expect(bench.driver.interests.isEmpty)
        }
    }

    @Test func `an answer that comes unasked is not taken for the next request's`() throws {
        let server = try ScriptedServer { connection in
            while let request = try connection.readHead() {
                try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\(request.target)")
                guard connection.number == 1 else { continue }
                connection.waitForRelease()
                try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nnobody")
            }
        }
        let bench = try Bench(server)
        #expect(try Self.get(bench, "/a").body == Array("/a".utf8))
        let descriptor = try #require(bench.driver.interests.keys.first)
        server.release()
        // It lies there, but the loop does not turn before the next request begins.
        #expect(isReadable(descriptor, milliseconds: 20_000))
        #expect(try Self.get(bench, "/b").body == Array("/b".utf8))
        #expect(server.acceptedCount == 2)
    }

    @Test func `an answer that comes unasked is not the next one's in the queue either`() throws {
        let first = String(repeating: "x", count: 16_000)
        let server = try ScriptedServer { connection in
            while let request = try connection.readHead() {
                if request.target == "/a" {
                    // The first read of the client ends with the answer.
                    let head = "HTTP/1.1 200 OK\r\nContent-Length: \(first.utf8.count)\r\n\r\n"
                    let pad = String(repeating: "y", count: 16_384 - head.utf8.count - first.utf8.count - 9)
                    let padded = head.dropLast() + "x-pad: \(pad)\r\n\r\n" + first
                    try connection.send(String(padded) + "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nnobody")
                } else {
                    try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n\(request.target)")
                }
            }
        }
        var configuration = HTTPClientConfiguration()
        configuration.connectionsMax = 1
        let bench = try Bench(server, configuration)
        bench.start(HTTPRequest(.get, server.url + "/a"))
        bench.start(HTTPRequest(.get, server.url + "/b"))
        let last = try bench.waitForResults(2).get()
        #expect(try bench.results[0].get().body.count == first.utf8.count)
        #expect(last.body == Array("/b".utf8))
        #expect(server.acceptedCount == 2)
    }

    @Test func `a connection that the server closed meanwhile is not used, and the request is sent once`() throws {
        let server = try ScriptedServer { connection in
            while let request = try connection.readHead() {
                _ = try connection.readBody(request)
                try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                if connection.number == 1 { return connection.waitForRelease() }
            }
        }
        let bench = try Bench(server)
        #expect(try Self.get(bench).status == 200)
        let descriptor = try #require(bench.driver.interests.keys.first)
        server.release()
        #expect(isReadable(descriptor, milliseconds: 20_000))
        let transfer = bench.start(HTTPRequest(.post, server.url, body: .bytes([1])))
        #expect(try bench.waitForResults(2).get().status == 200)
        #expect(transfer.sendCount == 1)
    }

    // MARK: answers that end in ways of their own

    @Test(arguments: ["", "some", String(repeating: "x", count: 60_000)])
    func `an answer without a length goes on until the connection ends`(body: String) throws {
        for version in ["1.1", "1.0"] {
            let bench = try Self.bench("HTTP/\(version) 200 OK\r\nx-a: b\r\n\r\n\(body)", closes: true)
            for count in 1...2 {
                let response = try Self.get(bench)
                #expect(response.body == Array(body.utf8))
                #expect(response.fields.value(of: "x-a") == "b")
                #expect(bench.server.acceptedCount == count)
            }
            #expect(bench.driver.interests.isEmpty)
        }
    }

    @Test func `an answer of HTTP 1_0 ends its connection, unless it says otherwise`() throws {
        let notes = Notes<Int>()
        let bench = try Self.bench("HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", notes)
        for count in 1...2 {
            #expect(try Self.get(bench).body == Array("ok".utf8))
            #expect(bench.server.acceptedCount == count)
            #expect(bench.driver.run { notes.count == count })
        }
        let keeping = try Self.bench("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok")
        for _ in 1...2 { #expect(try Self.get(keeping).body == Array("ok".utf8)) }
        #expect(keeping.server.acceptedCount == 1)
    }

    @Test func `an answer that says close ends its connection, although the server does not`() throws {
        let notes = Notes<Int>()
        let bench = try Self.bench("HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 2\r\n\r\nok", notes)
        for count in 1...2 {
            #expect(try Self.get(bench).body == Array("ok".utf8))
            #expect(bench.driver.run { notes.count == count })
        }
        #expect(bench.server.acceptedCount == 2)
    }

    @Test(
        arguments: [
            "HTTP/1.1 200 OK\r\nX-A: b\r\nContent-Length: 2\r\n\r\nok",
            "HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nx-a: b\r\n\r\n"
                + "1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
        ])
    func `an answer in single bytes is the same answer`(text: String) throws {
        let server = try ScriptedServer { connection in
            while try connection.readHead() != nil {
                for byte in text.utf8 {
                    connection.waitForRelease()
                    try connection.send([byte])
                }
            }
        }
        let bench = try Bench(server)
        for count in 1...2 {
            bench.start(HTTPRequest(.get, server.url))
            #expect(bench.driver.run { server.requests.count == count })
            for _ in text.utf8 {
                #expect(bench.results.count == count - 1)
                server.release()
                let descriptor = try #require(bench.driver.interests.keys.first)
                #expect(isReadable(descriptor, milliseconds: 20_000))
                #expect(bench.driver.run { !isReadable(descriptor, milliseconds: 0) })
            }
            let response = try bench.waitForResults(count).get()
            #expect(response.status == 200)
            #expect(response.fields.value(of: "x-a") == "b")
            #expect(response.body == Array("ok".utf8))
        }
        #expect(server.acceptedCount == 1)
    }

    // MARK: kept ones that are dead

    /// Answers the first request of its first connection; what comes then meets a reset, on `resetsMax` connections.
    private static func dying(resetsMax: Int) throws -> Bench {
        try Bench(
            ScriptedServer { connection in
                while let request = try connection.readHead() {
                    _ = try connection.readBody(request)
                    if request.target == "/dies", connection.number <= resetsMax { return connection.reset() }
                    try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                }
            })
    }

    @Test(arguments: [HTTPMethod.get, .post, .put, .delete])
    func `a request that meets a kept connection's end is sent once more`(method: HTTPMethod) throws {
        let bench = try Self.dying(resetsMax: 1)
        #expect(try Self.get(bench).status == 200)
        let body = method == .get ? HTTPRequestBody.none : .bytes([1, 2, 3])
        let transfer = bench.start(HTTPRequest(method, bench.server.url + "/dies", body: body))
        #expect(try bench.waitForResults(2).get().status == 200)
        #expect(transfer.sendCount == 2)
        #expect(bench.server.requests.map(\.target) == ["/", "/dies", "/dies"])
        #expect(bench.server.requests.map(\.connection) == [1, 1, 2])
    }

    @Test func `it is not sent a third time`() throws {
        let bench = try Self.dying(resetsMax: 9)
        #expect(try Self.get(bench).status == 200)
        let transfer = bench.start(HTTPRequest(.post, bench.server.url + "/dies", body: .bytes([1])))
        let found = try #require(failure(try bench.waitForResults(2)))
        #expect(found.kind == .connectionLost)
        #expect(found.requestSent)
        #expect(found.bodySent)
        #expect(transfer.sendCount == 2)
        #expect(bench.server.requests.map(\.target) == ["/", "/dies", "/dies"])
    }

    @Test func `a request that is sent again gets a connection of its own, also after waiting`() throws {
        let server = try ScriptedServer { connection in
            while let request = try connection.readHead() {
                if request.target == "/dies", connection.number <= 2 { return connection.reset() }
                try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            }
        }
        var configuration = HTTPClientConfiguration()
        configuration.connectionsMax = 1
        let bench = try Bench(server, configuration)
        #expect(try Self.get(bench).status == 200)
        bench.start(HTTPRequest(.get, server.url + "/dies"))
        bench.start(HTTPRequest(.get, server.url + "/other"))
        _ = try bench.waitForResults(3)
        #expect(bench.results.compactMap { try? $0.get().status } == [200, 200, 200])
        #expect(server.requests.map(\.target) == ["/", "/dies", "/other", "/dies"])
        #expect(server.requests.map(\.connection) == [1, 1, 2, 3])
    }

    @Test func `a request that meets a new connection's end is not sent again`() throws {
        let bench = try Self.dying(resetsMax: 1)
        let transfer = bench.start(HTTPRequest(.get, bench.server.url + "/dies"))
        #expect(failure(try bench.waitForResults())?.kind == .connectionLost)
        #expect(transfer.sendCount == 1)
        #expect(bench.server.acceptedCount == 1)
    }

    @Test(arguments: ["H", "HTTP/1.1 100 Continue\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no"])
    func `a request that was answered with a byte is not sent again`(beginning: String) throws {
        let server = try ScriptedServer { connection in
            while let request = try connection.readHead() {
                try connection.send(
                    request.target == "/cut" ? beginning : "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                if request.target == "/cut" { return }
            }
        }
        let bench = try Bench(server)
        #expect(try Self.get(bench).status == 200)
        let transfer = bench.start(HTTPRequest(.get, server.url + "/cut"))
        #expect(failure(try bench.waitForResults(2))?.kind == .connectionLost)
        #expect(transfer.sendCount == 1)
        #expect(server.acceptedCount == 1)
    }

    /// The failure speaks of the second attempt, the count of both.
    ///
    /// - Parameter isWhole: the first attempt gets its whole body out.
    @Test(arguments: [true, false])
    func `an attempt that was sent is counted when the second finds nobody`(isWhole: Bool) throws {
        let server = try ScriptedServer { connection in
            _ = try connection.readHead()
            try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            guard try connection.readHead() != nil else { return }
            _ = try connection.readBytes(10)
            connection.stopListening()
            connection.reset()
        }
        let bench = try Bench(server)
        #expect(try Self.get(bench).status == 200)
        let source = TestSource([UInt8](repeating: 1, count: 10), isOver: false)
        let body = HTTPRequestBody.streamed(length: isWhole ? 10 : 20, source: source)
        let transfer = bench.start(HTTPRequest(.put, server.url, body: body))
        let found = try #require(failure(try bench.waitForResults(2)))
        #expect(found.kind == .connect)
        #expect(!found.requestSent)
        #expect(!found.bodySent)
        #expect(transfer.sendCount == 2)
        #expect(source.rewinds == 1)
    }
}
