import HTTPClient
import ObjectStore
import Reactor
import TestSupport
import Testing

@Suite struct LoopHTTPDriverTests {
    /// A client on a loop, and what came of its requests.
    final class Bench: LoopBench {
        let client: HTTPClient
        let server: ScriptedServer
        var statuses: [Int] = []

        init(_ server: ScriptedServer) throws {
            let loop = try EventLoop()
            self.server = server
            client = try LoopHTTPDriver.makeClient(on: loop, configuration: HTTPClientConfiguration())
            super.init(loop: loop)
        }

        deinit {
            client.close()
            server.stop()
        }

        func get() {
            let count = statuses.count
            _ = client.start(HTTPRequest(.get, server.url)) { [weak self] result in
                self?.statuses.append((try? result.get().status) ?? 0)
            }
            #expect(run { statuses.count > count })
        }

        /// Whether the loop finds nothing to do: a turn that may wait does.
        var isCalm: Bool {
            settle()
            var calmTurns = 0
            for _ in 0..<5 {
                let before = loop.now
                loop.turn(timeoutMilliseconds: 30)
                if loop.now - before >= 20 { calmTurns += 1 }
            }
            return calmTurns >= 3
        }
    }

    @Test func `a warm connection stays watched and serves the next request`() throws {
        let bench = try Bench(ScriptedServer(replying: { _ in .answer(200) }))
        for _ in 0..<5 {
            bench.get()
            bench.settle()
        }
        #expect(bench.loop.registrationsCount == 1)
        #expect(bench.isCalm)
        #expect(bench.server.acceptedCount == 1)
        #expect(bench.statuses == [200, 200, 200, 200, 200])
    }

    /// A body that cannot be sent twice shows that nothing was sent into the dead connection.
    @Test(arguments: ["", "HTTP/1.1 408 Idle\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"])
    func `an idle connection that the server closes is let go, and not used again`(last: String) throws {
        let bench = try Bench(ScriptedServer { connection in
            guard let request = try connection.readHead() else { return }
            _ = try connection.readBody(request)
            try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            connection.waitForRelease()
            try connection.send(last)
        })
        for count in 1...3 {
            let body = TestBody([1, 2, 3])
            body.isRewindable = false
            let before = bench.statuses.count
            let request = HTTPRequest(.put, bench.server.url, body: .streamed(length: 3, source: body))
            _ = bench.client.start(request) { result in bench.statuses.append((try? result.get().status) ?? 0) }
            #expect(bench.run { bench.statuses.count > before })
            #expect(bench.run { bench.loop.registrationsCount == 1 })
            bench.server.release()
            #expect(bench.run { bench.loop.registrationsCount == 0 })
            #expect(bench.isCalm)
            #expect(bench.server.acceptedCount == count)
        }
        #expect(bench.statuses == [200, 200, 200])
    }

    @Test func `closing the client leaves nothing on the loop`() throws {
        let bench = try Bench(ScriptedServer { connection in connection.drain() })
        for _ in 0..<3 { _ = bench.client.start(HTTPRequest(.get, bench.server.url)) { _ in } }
        #expect(bench.run { bench.server.acceptedCount == 3 })
        #expect(bench.loop.registrationsCount > 0)
        bench.client.close()
        #expect(bench.loop.registrationsCount == 0)
        #expect(bench.isCalm)
    }

    @Test func `a connection that was never made leaves nothing on the loop`() throws {
        let bench = try Bench(ScriptedServer { connection in connection.drain() })
        for turns in 0..<8 {
            let transfer = bench.client.start(HTTPRequest(.get, bench.server.url)) { _ in }
            for _ in 0..<turns % 4 { bench.loop.turn(timeoutMilliseconds: 0) }
            transfer.cancel()
            #expect(bench.loop.registrationsCount == 0)
            var isRefused = false
            _ = bench.client.start(HTTPRequest(.get, "http://127.0.0.1:1/")) { _ in isRefused = true }
            #expect(bench.run { isRefused })
            #expect(bench.loop.registrationsCount == 0)
        }
    }

    /// A lookup signals through a socket pair of curl's own, which it closes without a word.
    @Test func `a name lookup leaves nothing on the loop`() throws {
        let bench = try Bench(ScriptedServer(replying: { _ in .answer(200) }))
        let named = "http://localhost:\(bench.server.port)/"
        for round in 0..<6 {
            var isOver = false
            _ = bench.client.start(HTTPRequest(.get, named + "\(round)")) { _ in isOver = true }
            #expect(bench.run { isOver })
            _ = bench.client.start(HTTPRequest(.get, "http://nowhere.invalid/")) { _ in isOver = false }
            #expect(bench.run { !isOver })
            let transfer = bench.client.start(HTTPRequest(.get, "http://elsewhere\(round).invalid/")) { _ in }
            for _ in 0..<round { bench.loop.turn(timeoutMilliseconds: 1) }
            transfer.cancel()
            bench.settle()
            #expect(bench.loop.registrationsCount == 1)
        }
        #expect(bench.server.requests.count == 6)
    }

    @Test func `a request ends at its deadline, by the loop's timer`() throws {
        let bench = try Bench(ScriptedServer { connection in connection.drain() })
        var request = HTTPRequest(.get, bench.server.url)
        request.totalMilliseconds = 100
        var kind: HTTPFailure.Kind?
        _ = bench.client.start(request) { result in
            if case .failure(let failure) = result { kind = failure.kind }
        }
        #expect(bench.run { kind != nil })
        #expect(kind == .timeout)
    }
}
