import Bytes
import Foundation
import Glibc
import TestSupport
import Testing

@testable import HTTPClient

/// How many connections there are, who gets one, and when they go.
@Suite struct ConnectionPoolTests {
    typealias Bench = HTTPClientTests.Bench

    private static func configuration(connectionsMax: Int = 1) -> HTTPClientConfiguration {
        var configuration = HTTPClientConfiguration()
        configuration.connectionsMax = connectionsMax
        return configuration
    }

    /// Answers a request to `/held` when it is released, any other at once.
    private static func holding() throws -> ScriptedServer {
        try ScriptedServer { connection in
            while let request = try connection.readHead() {
                if request.target == "/held" { connection.waitForRelease() }
                try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            }
        }
    }

    private static func expectWorks(_ bench: Bench, _ source: SourceLocation = #_sourceLocation) throws {
        for _ in 0..<3 {
            let result = try bench.send(HTTPRequest(.get, bench.server.url, connectMilliseconds: 15_000))
            #expect((try? result.get().status) == 200, sourceLocation: source)
        }
        #expect(bench.client.transferCount == 0, sourceLocation: source)
    }

    // MARK: the bound

    @Test func `connections over the bound wait, in their order`() throws {
        let server = try Self.holding()
        let bench = try Bench(server, Self.configuration())
        bench.start(HTTPRequest(.get, server.url + "/held"))
        for name in ["a", "b", "c"] { bench.start(HTTPRequest(.get, server.url + "/\(name)")) }
        #expect(bench.driver.run { server.requests.count == 1 })
        bench.driver.settle()
        #expect(server.requests.map(\.target) == ["/held"])
        server.release()
        _ = try bench.waitForResults(4)
        #expect(server.requests.map(\.target) == ["/held", "/a", "/b", "/c"])
        #expect(server.acceptedCount == 1)
    }

    @Test func `one that waits for another server gets a connection when one is free`() throws {
        let server = try Self.holding()
        let bench = try Bench(server, Self.configuration())
        let other = try ScriptedServer(replying: { _ in .answer(200, [], "other") })
        defer { other.stop() }
        bench.start(HTTPRequest(.get, server.url + "/held"))
        #expect(bench.driver.run { server.requests.count == 1 })
        bench.start(HTTPRequest(.get, other.url))
        bench.start(HTTPRequest(.get, server.url))
        bench.start(HTTPRequest(.get, other.url))
        bench.driver.settle()
        #expect(other.acceptedCount == 0)
        server.release()
        _ = try bench.waitForResults(4)
        #expect(bench.results.compactMap { try? $0.get().status } == [200, 200, 200, 200])
        #expect(try bench.results[1].get().body == Array("other".utf8))
        #expect(bench.driver.interests.count == 1)
    }

    @Test func `an idle connection makes room for one to another server`() throws {
        let server = try Self.holding()
        let bench = try Bench(server, Self.configuration())
        let other = try ScriptedServer(replying: { _ in .answer(200, [], "other") })
        defer { other.stop() }
        for count in 1...2 {
            #expect(try bench.send(HTTPRequest(.get, server.url)).get().body.isEmpty)
            #expect(try bench.send(HTTPRequest(.get, other.url)).get().body == Array("other".utf8))
            #expect(server.acceptedCount == count)
            #expect(other.acceptedCount == count)
        }
    }

    @Test func `waiting for a connection has an end`() throws {
        let server = try Self.holding()
        let bench = try Bench(server, Self.configuration())
        bench.start(HTTPRequest(.get, server.url + "/held"))
        #expect(bench.driver.run { server.requests.count == 1 })
        let waiting = bench.start(HTTPRequest(.post, server.url, connectMilliseconds: 200, totalMilliseconds: nil))
        let found = try #require(failure(try bench.waitForResults()))
        #expect(found.kind == .timeout)
        #expect(found.detail == "no connection was free within the time that a request has")
        #expect(!found.requestSent)
        #expect(waiting.sendCount == 0)
        server.release()
        #expect(try bench.waitForResults(2).get().status == 200)
        try Self.expectWorks(bench)
        #expect(server.requests.allSatisfy { $0.method == "GET" })
    }

    @Test func `one that no connection can be made for makes room for the next`() throws {
        let bench = try Bench(Self.holding(), Self.configuration())
        bench.start(HTTPRequest(.get, "http://127.0.0.1:1/"))
        bench.start(HTTPRequest(.get, "https://\(bench.server.url.dropFirst(7))/", connectMilliseconds: 200))
        bench.start(HTTPRequest(.get, "http://127.0.0.1:1/"))
        bench.start(HTTPRequest(.get, bench.server.url, connectMilliseconds: 15_000))
        #expect(try bench.waitForResults(4).get().status == 200)
        try Self.expectWorks(bench)
    }

    /// libcurl takes no text of more than 8,000,000 bytes (CURL_MAX_INPUT_LENGTH).
    @Test func `one that the dialer does not begin with makes room for the next`() throws {
        let bench = try Bench(Self.holding(), Self.configuration())
        let url = "http://\(String(repeating: "a", count: 8_000_001))/"
        for _ in 0..<3 { bench.start(HTTPRequest(.get, url)) }
        bench.start(HTTPRequest(.get, bench.server.url, connectMilliseconds: 15_000))
        #expect(try bench.waitForResults(4).get().status == 200)
        #expect(bench.results.dropLast().allSatisfy { failure($0)?.kind == .other })
        try Self.expectWorks(bench)
    }

    // MARK: cancelled

    enum Moment: CaseIterable {
        case queued, dialing, handshaking, exchanging, finished
    }

    @Test(arguments: Moment.allCases, [true, false])
    func `a transfer that is cancelled gives its place to others`(moment: Moment, isAwaited: Bool) throws {
        let server = try ScriptedServer { connection in
            while let request = try connection.readHead() {
                if request.target == "/held" { connection.drain() }
                try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            }
        }
        let bench = try Bench(server, Self.configuration())
        let silent = try ScriptedServer { connection in connection.drain() }
        defer { silent.stop() }
        let url = moment == .handshaking ? "https://127.0.0.1:\(silent.port)" : server.url
        let before = moment == .queued ? bench.start(HTTPRequest(.get, server.url + "/held")) : nil
        let transfer = bench.start(HTTPRequest(.get, url + (moment == .finished ? "/" : "/held")))
        let isThere =
            switch moment {
            case .queued: bench.driver.run { transfer.stage == .queued }
            case .dialing: bench.driver.run { transfer.stage == .connecting }
            case .handshaking: bench.driver.run { transfer.connection?.isHandshaking == true }
            case .exchanging: bench.driver.run { server.requests.count == 1 }
            case .finished: bench.driver.run { bench.client.transferCount == 0 }
            }
        #expect(isThere)
        let results = bench.results.count
        if isAwaited { bench.start(HTTPRequest(.get, server.url + "/next", connectMilliseconds: 15_000)) }
        if isAwaited, moment != .finished { #expect(!bench.driver.run(seconds: 0.1) { bench.results.count > results }) }
        transfer.cancel()
        before?.cancel()
        if isAwaited { #expect(try bench.waitForResults(results + 1).get().status == 200) }
        #expect(bench.client.connections.dialsCount == 0)
        #expect(bench.client.connections.queue.isEmpty)
        try Self.expectWorks(bench)
        #expect(bench.client.connections.count == 1)
        #expect(bench.driver.interests.count == 1)
    }

    // MARK: idle ones

    @Test func `no more idle connections are kept than the bound, and these are used again`() throws {
        var configuration = HTTPClientConfiguration()
        configuration.idleConnectionsMax = 2
        let server = try Self.holding()
        let bench = try Bench(server, configuration)
        for _ in 0..<4 { bench.start(HTTPRequest(.get, server.url + "/held")) }
        #expect(bench.driver.run { server.requests.count == 4 })
        for _ in 0..<4 { server.release() }
        _ = try bench.waitForResults(4)
        #expect(bench.client.connections.idleCount == 2)
        #expect(bench.driver.interests.count == 2)
        for _ in 0..<2 { bench.start(HTTPRequest(.get, server.url + "/held")) }
        #expect(bench.driver.run { server.requests.count == 6 })
        for _ in 0..<2 { server.release() }
        _ = try bench.waitForResults(6)
        #expect(server.acceptedCount == 4)
        #expect(bench.driver.interests.count == 2)
    }

    @Test func `idle connections are closed when their time is over, by the timer alone`() throws {
        var configuration = HTTPClientConfiguration()
        configuration.connectionIdleSecondsMax = 1
        let server = try Self.holding()
        let bench = try Bench(server, configuration)
        for _ in 0..<3 { bench.start(HTTPRequest(.get, server.url + "/held")) }
        #expect(bench.driver.run { server.requests.count == 3 })
        for count in 1...3 {
            server.release()
            _ = try bench.waitForResults(count)
        }
        #expect(bench.driver.run { bench.driver.interests.isEmpty })
        #expect(bench.client.connections.count == 0)
        try Self.expectWorks(bench)
        #expect(server.acceptedCount == 4)
    }

    // MARK: names and descriptors

    /// libcurl takes both addresses of the loop for `localhost`, ::1 first, whatever the system says.
    @Test func `a name of several addresses is tried until one takes the connection`() throws {
        let bench = try Bench(Self.holding(), Self.configuration())
        let port = bench.server.port
        let closed = try #require(failure(try bench.send(HTTPRequest(.get, "http://[::1]:\(port)/"))))
        #expect(closed.kind == .connect)
        for _ in 0..<2 { #expect(try bench.send(HTTPRequest(.get, "http://localhost:\(port)/")).get().status == 200) }
        #expect(bench.server.acceptedCount == 1)
        #expect(bench.server.requests.map { $0.field("host") } == ["localhost:\(port)", "localhost:\(port)"])
    }

    /// In a process of its own: others open descriptors meanwhile.
    @Test func `no request leaves a descriptor behind, however it ends`() async {
        await #expect(processExitsWith: .success) {
            let first = try Self.descriptorsLeft(rounds: 1)
            #expect(try Self.descriptorsLeft(rounds: 20) == first)
        }
    }

    /// Ten requests a round; how many descriptors the process has once client and servers are gone.
    private static func descriptorsLeft(rounds: Int) throws -> Int {
        let server = try ScriptedServer { connection in
            while let request = try connection.readHead() {
                switch request.target {
                case "/reset": return connection.reset()
                case "/close": return
                case "/silent": return connection.drain()
                case "/noise": try connection.send("SSH-2.0-OpenSSH_9.2\r\n")
                case "/last": try connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
                default: try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                }
            }
        }
        let silent = try ScriptedServer { connection in connection.drain() }
        let bench = try Bench(server)
        var failures: Set<String> = []
        for round in 1...rounds {
            for target in ["/", "/reset", "/close", "/noise", "/last"] {
                bench.start(HTTPRequest(.get, server.url + target))
            }
            bench.start(HTTPRequest(.get, "http://127.0.0.1:1/"))
            bench.start(HTTPRequest(.get, "http://\(String(repeating: "a", count: 70))/"))
            let long = "https://127.0.0.1:\(silent.port)"
            bench.start(HTTPRequest(.get, long, connectMilliseconds: 50))
            bench.start(HTTPRequest(.get, server.url + "/silent", totalMilliseconds: 50))
            let cancelled = bench.start(HTTPRequest(.get, server.url + "/silent"))
            for _ in 0..<(round % 5) { bench.driver.turn(waitMilliseconds: 1) }
            cancelled.cancel()
            _ = try bench.waitForResults(9 * round)
        }
        for result in bench.results {
            if let failure = failure(result) { failures.insert("\(failure.kind)") }
        }
        #expect(failures == ["connect", "connectionLost", "malformedResponse", "resolve", "timeout"])
        bench.driver.end()
        server.stop()
        silent.stop()
        return try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count
    }
}
