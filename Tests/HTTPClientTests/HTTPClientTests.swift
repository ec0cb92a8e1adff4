import Bytes
import HTTPClient
import TestSupport
import Testing

@Suite struct HTTPClientTests {
    /// A client on its loop beside a scripted server, and the results in the order of their delivery.
    final class Bench {
        let server: ScriptedServer
        let driver = PollDriver()
        let client: HTTPClient
        var results: [Result<HTTPResponse, HTTPFailure>] = []

        init(_ server: ScriptedServer, _ configuration: HTTPClientConfiguration = HTTPClientConfiguration()) throws {
            self.server = server
            client = try driver.makeClient(configuration)
        }

        deinit {
            driver.end()
            server.stop()
        }

        @discardableResult
        func start(_ request: HTTPRequest) -> HTTPTransfer {
            client.start(request) { [weak self] in self?.results.append($0) }
        }

        func waitForResults(_ count: Int = 1) throws -> Result<HTTPResponse, HTTPFailure> {
            #expect(driver.run { results.count >= count })
            return try #require(results.last)
        }

        func send(_ request: HTTPRequest) throws -> Result<HTTPResponse, HTTPFailure> {
            start(request)
            return try waitForResults(results.count + 1)
        }
    }

    static func answering(_ body: String = "ok") throws -> ScriptedServer {
        try ScriptedServer(replying: { _ in .answer(200, [("X-One", " a b "), ("ETag", "\"e\"")], body) })
    }

    @Test func `sends each method with its target untouched and its fields in order`() throws {
        let bench = try Bench(Self.answering())
        let target = "/b/a/../%7Eb//c%20d?uploads=&x=%2F"
        for method in [HTTPMethod.get, .post, .put, .delete, .head] {
            var request = HTTPRequest(method, bench.server.url + target)
            request.fields = HTTPFieldLines([("x-first", "1"), ("X-Second", "two words"), ("x-empty", "")])
            let response = try bench.send(request).get()
            #expect(response.status == 200)
            #expect(response.fields.value(of: "x-one") == "a b")
            #expect(response.fields.value(of: "etag") == "\"e\"")
            #expect(response.fields.value(of: "x-two") == nil)
            #expect(response.body == (method == .head ? [] : Array("ok".utf8)))
        }
        let requests = bench.server.requests
        #expect(requests.map(\.method) == ["GET", "POST", "PUT", "DELETE", "HEAD"])
        for request in requests {
            #expect(request.target == target)
            let own = request.fields.filter { $0.name.hasPrefix("x-") }
            #expect(own.map(\.name) == ["x-first", "x-second", "x-empty"])
            #expect(own.map(\.value) == ["1", "two words", ""])
            #expect(request.field("host") == "127.0.0.1:\(bench.server.port)")
            #expect(request.field("content-type") == nil)
            #expect(request.field("expect") == nil)
            #expect(request.field("content-length") == (["POST", "PUT"].contains(request.method) ? "0" : nil))
        }
        // The answer to HEAD carries a length without a body: nothing but it may cost the connection.
        #expect(bench.server.acceptedCount == 1)
    }

    @Test func `a target of its own goes on the wire as it is, and is not the next request's`() throws {
        let bench = try Bench(Self.answering())
        let target = "/b/a/../%7Eb//c%20d?uploads=&x=%2F#f"
        _ = try bench.send(HTTPRequest(.get, bench.server.url, target: target)).get()
        _ = try bench.send(HTTPRequest(.put, bench.server.url + "/own?a=b")).get()
        _ = try bench.send(HTTPRequest(.get, bench.server.url + "/own", target: "/")).get()
        #expect(bench.server.requests.map(\.target) == [target, "/own?a=b", "/"])
        #expect(bench.server.requests.allSatisfy { $0.field("host") == "127.0.0.1:\(bench.server.port)" })
        #expect(bench.server.acceptedCount == 1)
    }

    @Test func `sends small bodies with every method that has one, and nothing of one request in the next`() throws {
        let bench = try Bench(Self.answering())
        for (method, text) in [(HTTPMethod.post, "<a/>"), (.put, "body"), (.delete, "gone"), (.post, "")] {
            var request = HTTPRequest(method, bench.server.url + "/x", body: .bytes(Array(text.utf8)))
            if method == .put { request.fields.append("Content-Type", "image/png") }
            #expect(try bench.send(request).get().status == 200)
        }
        #expect(try bench.send(HTTPRequest(.get, bench.server.url)).get().status == 200)
        let streamed = HTTPRequestBody.streamed(length: 3, source: TestSource([1, 2, 3]))
        #expect(try bench.send(HTTPRequest(.post, bench.server.url, body: streamed)).get().status == 200)
        let requests = bench.server.requests
        #expect(requests.map(\.method) == ["POST", "PUT", "DELETE", "POST", "GET", "POST"])
        #expect(requests.map { $0.field("content-length") } == ["4", "4", "4", "0", nil, "3"])
        #expect(requests.map { $0.field("content-type") } == [nil, "image/png", nil, nil, nil, nil])
        #expect(bench.server.acceptedCount == 1)
    }

    @Test(arguments: [1, 16_383, 16_384, 16_385, 300_000, 1_048_575, 1_048_576, 3_000_000])
    func `streams a body of known length, asking first from 1 MiB on`(length: Int) throws {
        let body = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let seen = Received()
        let server = try ScriptedServer(replying: { request in
            seen.set(request.body)
            return .answer(200, [], request.field("expect") ?? "-")
        })
        let bench = try Bench(server)
        let source = TestSource(body)
        let response = try bench.send(
            HTTPRequest(.put, server.url + "/k", body: .streamed(length: Int64(length), source: source))).get()
        #expect(seen.bytes == body)
        #expect(source.offset == length)
        #expect(String(decoding: response.body, as: UTF8.self) == (length >= 1 << 20 ? "100-continue" : "-"))
        #expect(server.requests[0].field("content-length") == "\(length)")
    }

    @Test(arguments: [700, 2_047, 2_048, 5_000, 32_767, 32_768, 65_535, 65_536, 70_000], [5_000, 400_000])
    func `a body arrives as it is, in whatever runs its source has it`(runBytes: Int, length: Int) throws {
        let body = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        let seen = Received()
        let server = try ScriptedServer(replying: { request in
            seen.set(request.body)
            return .answer(200, [], "")
        })
        let bench = try Bench(server)
        let source = TestSource(body)
        source.runBytesMax = runBytes
        let request = HTTPRequest(.put, server.url, body: .streamed(length: Int64(length), source: source))
        #expect(try bench.send(request).get().status == 200)
        let isSame = seen.bytes == body
        #expect(isSame)
        #expect(source.rewinds == 0)
    }

    @Test func `pauses while the source has nothing, without spinning, and goes on when resumed`() throws {
        let bench = try Bench(Self.answering())
        let source = TestSource([], isOver: false)
        let transfer = bench.start(
            HTTPRequest(.put, bench.server.url + "/k", body: .streamed(length: 9, source: source)))
        for byte in UInt8(1)...9 {
            bench.driver.settle()
            let calls = source.calls
            let turns = bench.driver.turns
            bench.driver.settle()
            #expect(source.calls == calls, "asked although nothing was announced")
            #expect(bench.driver.turns - turns <= 20, "a paused transfer keeps its loop busy")
            #expect(bench.results.isEmpty)
            source.bytes.append(byte)
            transfer.resume()
        }
        #expect(try bench.waitForResults().get().status == 200)
        #expect(bench.server.requests[0].field("content-length") == "9")
    }

    @Test func `a large body may pause before and after the server asks for it`() throws {
        let bench = try Bench(Self.answering())
        let body = (0..<(3 << 20)).map { UInt8(truncatingIfNeeded: $0 >> 7) }
        let source = TestSource([], isOver: false)
        let transfer = bench.start(
            HTTPRequest(.put, bench.server.url, body: .streamed(length: Int64(body.count), source: source)))
        for start in stride(from: 0, to: body.count, by: 500_000) {
            bench.driver.settle()
            source.bytes += body[start..<min(start + 500_000, body.count)]
            transfer.resume()
        }
        #expect(try bench.waitForResults().get().status == 200)
        #expect(source.offset == body.count)
        #expect(source.rewinds == 0)
    }

    @Test func `resuming from inside the source does not lose the wake-up`() throws {
        let bench = try Bench(Self.answering())
        let source = TestSource([], isOver: false)
        let transfer = bench.start(
            HTTPRequest(.put, bench.server.url, body: .streamed(length: 3, source: source)))
        var rounds = 0
        source.onNext = {
            rounds += 1
            if rounds == 3 { source.bytes = [1, 2, 3] } else { transfer.resume() }
        }
        #expect(try bench.waitForResults().get().status == 200)
        #expect(rounds == 3)
    }

    @Test func `an answer before the body's end ends the transfer`() throws {
        let server = try ScriptedServer { connection in
            guard try connection.readHead() != nil else { return }
            try connection.send("HTTP/1.1 403 No\r\nContent-Length: 4\r\nConnection: close\r\n\r\nnope")
            connection.drain()
        }
        let bench = try Bench(server)
        let source = TestSource([1, 2, 3], isOver: false)
        bench.start(HTTPRequest(.put, server.url, body: .streamed(length: 100_000, source: source)))
        let response = try bench.waitForResults().get()
        #expect(response.status == 403)
        #expect(response.body == Array("nope".utf8))
    }

    @Test func `an early refusal of a large body costs no body`() throws {
        let server = try ScriptedServer { connection in
            guard try connection.readHead() != nil else { return }
            try connection.send("HTTP/1.1 503 Slow\r\nContent-Length: 0\r\n\r\n")
            connection.drain()
        }
        let bench = try Bench(server)
        let source = TestSource([UInt8](repeating: 7, count: 2 << 20))
        let response = try bench.send(
            HTTPRequest(.put, server.url, body: .streamed(length: 2 << 20, source: source))).get()
        #expect(response.status == 503)
        #expect(source.offset == 0)
    }

    @Test func `a connection that is always in use ends with its age`() throws {
        var configuration = HTTPClientConfiguration()
        configuration.connectionLifeSecondsMax = 1
        let bench = try Bench(Self.answering(), configuration)
        let end = ContinuousClock.now + .seconds(30)
        while bench.server.acceptedCount < 2, ContinuousClock.now < end {
            #expect(try bench.send(HTTPRequest(.get, bench.server.url)).get().status == 200)
            _ = bench.driver.turn(waitMilliseconds: 20)
        }
        #expect(bench.server.acceptedCount == 2)
    }

    @Test func `a connection that died while idle is replaced and the body rewound`() throws {
        let server = try ScriptedServer { connection in
            // The first connection answers one request and resets on the second.
            var count = 0
            while let request = try connection.readHead() {
                count += 1
                if connection.number == 1, count == 2 {
                    _ = try connection.readBytes(1)
                    return connection.reset()
                }
                _ = try connection.readBody(request)
                try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            }
        }
        let bench = try Bench(server)
        #expect(try bench.send(HTTPRequest(.get, server.url)).get().status == 200)
        let source = TestSource([1, 2, 3])
        let result = try bench.send(HTTPRequest(.put, server.url, body: .streamed(length: 3, source: source)))
        #expect(try result.get().status == 200)
        #expect(source.rewinds == 1)
        #expect(server.acceptedCount == 2)
    }

    @Test func `a source that cannot rewind fails the transfer instead of sending a torn body`() throws {
        let server = try ScriptedServer { connection in
            var count = 0
            while let request = try connection.readHead() {
                count += 1
                if connection.number == 1, count == 2 {
                    _ = try connection.readBytes(1)
                    return connection.reset()
                }
                _ = try connection.readBody(request)
                try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            }
        }
        let bench = try Bench(server)
        #expect(try bench.send(HTTPRequest(.get, server.url)).get().status == 200)
        let source = TestSource([1, 2, 3])
        source.isRewindable = false
        let result = try bench.send(HTTPRequest(.put, server.url, body: .streamed(length: 3, source: source)))
        #expect(failure(result)?.kind == .bodySource)
    }
}
