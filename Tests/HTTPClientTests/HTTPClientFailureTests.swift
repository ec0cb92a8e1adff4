import Bytes
import Glibc
import HTTPClient
import TestSupport
import Testing

@Suite struct HTTPClientFailureTests {
    typealias Bench = HTTPClientTests.Bench

    @Test func `nobody listening is a failed connection`() throws {
        let bench = try Bench(HTTPClientTests.answering())
        let found = try failure(bench.send(HTTPRequest(.get, "http://127.0.0.1:1/")))
        #expect(found?.kind == .connect)
        #expect(found?.requestSent == false)
        #expect(found?.detail.contains("127.0.0.1") == true)
    }

    @Test func `a request that cannot be sent fails later, not inside the call`() throws {
        let bench = try Bench(HTTPClientTests.answering())
        var split = HTTPRequest(.get, bench.server.url)
        split.fields.append("x-name", "one\r\nx-two: 2")
        let requests = [
            split, HTTPRequest(.get, "file:///etc/passwd"), HTTPRequest(.get, "no scheme"),
            HTTPRequest(.get, bench.server.url + "/a\u{0}b"), HTTPRequest(.get, bench.server.url, target: "/a b"),
            HTTPRequest(.get, bench.server.url, target: "/a HTTP/1.1\r\nx-two: 2\r\nx-three:"),
            HTTPRequest(.get, bench.server.url, target: "/\u{7F}"), HTTPRequest(.get, bench.server.url, target: ""),
            HTTPRequest(.get, bench.server.url, target: "http://elsewhere/"),
        ]
        for request in requests {
            let before = bench.results.count
            bench.start(request)
            #expect(bench.results.count == before)
            let result = try bench.waitForResults(before + 1)
            #expect(failure(result)?.kind == .invalidRequest)
            #expect(failure(result)?.requestSent == false)
        }
        #expect(bench.server.requests.isEmpty)
    }

    @Test func `an answer lost after the whole body was sent says so`() throws {
        let server = try ScriptedServer { connection in
            guard let request = try connection.readHead() else { return }
            _ = try connection.readBody(request)
            connection.reset()
        }
        let bench = try Bench(server)
        let result = try bench.send(HTTPRequest(.post, server.url, body: .bytes([1, 2, 3])))
        let found = try #require(failure(result))
        #expect(found.kind == .connectionLost)
        #expect(found.requestSent)
        #expect(found.bodySent)
    }

    @Test func `a reset in the middle of the body leaves it unsent`() throws {
        let server = try ScriptedServer { connection in
            guard try connection.readHead() != nil else { return }
            _ = try connection.readBytes(10)
            connection.reset()
        }
        let bench = try Bench(server)
        let source = TestSource([UInt8](repeating: 1, count: 10), isOver: false)
        bench.start(HTTPRequest(.put, server.url, body: .streamed(length: 20, source: source)))
        let found = try #require(failure(try bench.waitForResults()))
        #expect(found.kind == .connectionLost)
        #expect(found.requestSent)
        #expect(!found.bodySent)
    }

    /// More than the kernel's buffers of both ends take is not out before the answer.
    @Test(arguments: [20, 32_000_000], [true, false])
    func `a yes before the body was sent is none`(length: Int, isStreamed: Bool) throws {
        let server = try ScriptedServer { connection in
            guard try connection.readHead() != nil else { return }
            try connection.send("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            connection.waitForRelease()
        }
        let bench = try Bench(server)
        let bytes = [UInt8](repeating: 1, count: length)
        // What is small and in one piece is out before any answer: that one is whole.
        let source = TestSource(Array(bytes.prefix(10)), isOver: false)
        let body: HTTPRequestBody = isStreamed ? .streamed(length: Int64(length), source: source) : .bytes(bytes)
        let result = try bench.send(HTTPRequest(.put, server.url, body: body))
        server.release()
        guard isStreamed || length > 20 else {
            #expect(try result.get().status == 200)
            return
        }
        let found = try #require(failure(result))
        #expect(found.kind == .malformedResponse)
        #expect(found.detail == "the server answered 200 before it had the body")
        #expect(found.requestSent)
        #expect(!found.bodySent)
    }

    @Test func `a no before the body was sent is an answer`() throws {
        let server = try ScriptedServer { connection in
            guard try connection.readHead() != nil else { return }
            try connection.send("HTTP/1.1 403 No\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")
            connection.waitForRelease()
        }
        let bench = try Bench(server)
        let source = TestSource([1], isOver: false)
        let result = try bench.send(HTTPRequest(.put, server.url, body: .streamed(length: 20, source: source)))
        server.release()
        #expect(try result.get().status == 403)
    }

    @Test func `an answer cut short is a lost connection`() throws {
        let server = try ScriptedServer(replying: { _ in .raw("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf") })
        let bench = try Bench(server)
        // The script waits for a next request: the client's own deadline ends this one.
        var request = HTTPRequest(.get, server.url)
        request.totalMilliseconds = 300
        #expect(failure(try bench.send(request))?.kind == .timeout)
        let closing = try Bench(ScriptedServer { connection in
            guard try connection.readHead() != nil else { return }
            try connection.send("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf")
        })
        #expect(failure(try closing.send(HTTPRequest(.get, closing.server.url)))?.kind == .connectionLost)
    }

    @Test func `a connection that says nothing ends at the deadline`() throws {
        let bench = try Bench(ScriptedServer { connection in connection.drain() })
        var request = HTTPRequest(.get, bench.server.url)
        request.totalMilliseconds = 200
        let found = try #require(failure(try bench.send(request)))
        #expect(found.kind == .timeout)
        #expect(found.requestSent)
    }

    @Test func `a body over the bound ends the transfer, one at the bound does not`() throws {
        let bench = try Bench(HTTPClientTests.answering(String(repeating: "x", count: 100_000)))
        var request = HTTPRequest(.get, bench.server.url)
        request.responseBytesMax = 100_000
        #expect(try bench.send(request).get().body.count == 100_000)
        request.responseBytesMax = 99_999
        #expect(failure(try bench.send(request))?.kind == .responseTooLarge)
        request.responseBytesMax = 100_000
        #expect(try bench.send(request).get().body.count == 100_000)
    }

    @Test func `fields over the bound end the transfer`() throws {
        let server = try ScriptedServer(replying: { _ in
            .answer(200, (0..<40).map { ("x-\($0)", String(repeating: "v", count: 1000)) }, "")
        })
        let bench = try Bench(server)
        #expect(failure(try bench.send(HTTPRequest(.get, server.url)))?.kind == .malformedResponse)
    }

    @Test(arguments: ["HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", "x-trailer: v\r\n"])
    func `interim heads and trailers without an end end the transfer`(line: String) throws {
        let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
        let start = line.hasPrefix("x") ? head : ""
        let block = String(repeating: line, count: 400)
        let server = try ScriptedServer { connection in
            _ = try connection.readHead()
            try connection.send(start)
            // Far more than the connection's buffers hold: this fails once nobody reads it any more.
            for _ in 0..<4_000 { try connection.send(block) }
        }
        let bench = try Bench(server)
        #expect(failure(try bench.send(HTTPRequest(.get, server.url)))?.kind == .malformedResponse)
    }

    @Test(arguments: ["HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n", ""])
    func `a few interim heads, and trailers, are passed over`(interim: String) throws {
        let trailers = String(repeating: "x-trailer: v\r\n", count: 100)
        let server = try ScriptedServer(replying: { _ in
            .raw(
                String(repeating: interim, count: 20)
                    + "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nx-a: 1\r\n\r\n"
                    + "1\r\nx\r\n0\r\n\(trailers)\r\n")
        })
        let bench = try Bench(server)
        let response = try bench.send(HTTPRequest(.get, server.url)).get()
        #expect(response.body == [0x78])
        #expect(response.fields.value(of: "x-a") == "1")
        #expect(response.fields.value(of: "x-trailer") == nil)
        #expect(response.fields.value(of: "link") == nil)
    }

    @Test func `an answer that is not HTTP is refused`() throws {
        let server = try ScriptedServer { connection in
            _ = try connection.readHead()
            try connection.send("SSH-2.0-OpenSSH_9.2\r\n")
        }
        let bench = try Bench(server)
        #expect(failure(try bench.send(HTTPRequest(.get, server.url)))?.kind == .malformedResponse)
    }

    @Test func `a source that fails, or ends early, ends its transfer`() throws {
        let bench = try Bench(HTTPClientTests.answering())
        let failing = TestSource([1])
        failing.isFailed = true
        for source in [failing, TestSource([1, 2])] {
            let body = HTTPRequestBody.streamed(length: 3, source: source)
            #expect(failure(try bench.send(HTTPRequest(.put, bench.server.url, body: body)))?.kind == .bodySource)
        }
    }

    @Test func `no more than the declared length leaves a source that has more`() throws {
        let bench = try Bench(HTTPClientTests.answering())
        let source = TestSource([UInt8](repeating: 1, count: 50))
        let body = HTTPRequestBody.streamed(length: 20, source: source)
        #expect(try bench.send(HTTPRequest(.put, bench.server.url, body: body)).get().status == 200)
        #expect(source.offset == 20)
    }

    @Test func `cancelling inside its own source is safe, and the completion stays silent`() throws {
        let bench = try Bench(HTTPClientTests.answering())
        let source = TestSource([1, 2, 3], isOver: false)
        var transfer: HTTPTransfer?
        source.onNext = { transfer?.cancel() }
        transfer = bench.start(HTTPRequest(.put, bench.server.url, body: .streamed(length: 9, source: source)))
        #expect(bench.driver.run { source.calls > 0 })
        bench.driver.settle()
        #expect(source.calls == 1)
        #expect(bench.results.isEmpty)
        #expect(bench.client.transferCount == 0)
        #expect(try bench.send(HTTPRequest(.get, bench.server.url)).get().status == 200)
    }

    @Test func `a source may cancel another transfer and start a third`() throws {
        let bench = try Bench(HTTPClientTests.answering())
        let silent = TestSource([], isOver: false)
        let other = bench.start(HTTPRequest(.put, bench.server.url, body: .streamed(length: 9, source: silent)))
        #expect(bench.driver.run { silent.calls > 0 })
        let source = TestSource([1, 2, 3])
        source.onNext = {
            guard source.calls == 1 else { return }
            other.cancel()
            bench.start(HTTPRequest(.get, bench.server.url + "/third"))
        }
        bench.start(HTTPRequest(.put, bench.server.url, body: .streamed(length: 3, source: source)))
        #expect(try bench.waitForResults(2).get().status == 200)
        #expect(bench.server.requests.contains { $0.target == "/third" })
        #expect(bench.client.transferCount == 0)
    }

    @Test(arguments: [false, true])
    func `a client that is gone has ended its transfers, which can be told anything`(isClosedBefore: Bool) throws {
        let driver = PollDriver()
        let server = try ScriptedServer(replying: { _ in .answer(200, [], "") })
        defer { server.stop() }
        var transfers: [HTTPTransfer] = []
        var isToldAnything = false
        do {
            let client = try HTTPClient(configuration: HTTPClientConfiguration(), driver: driver)
            // What the first lets go of cancels the second, in the middle of the client's end.
            let canceller = Canceller()
            transfers.append(client.start(HTTPRequest(.get, server.url)) { _ in
                isToldAnything = true
                _ = canceller
            })
            transfers.append(client.start(HTTPRequest(.get, server.url)) { _ in isToldAnything = true })
            transfers.append(client.start(HTTPRequest(.get, "no url")) { _ in isToldAnything = true })
            canceller.transfer = transfers[1]
            if isClosedBefore {
                client.close()
                transfers.append(client.start(HTTPRequest(.get, server.url)) { _ in isToldAnything = true })
            }
        }
        for transfer in transfers {
            transfer.resume()
            transfer.cancel()
        }
        #expect(!isToldAnything)
    }

    /// Cancels as it goes.
    private final class Canceller {
        var transfer: HTTPTransfer?
        deinit { transfer?.cancel() }
    }

    @Test func `a transfer cancelled at any step leaves no descriptor, and no completion`() throws {
        let bench = try Bench(HTTPClientTests.answering())
        #expect(try bench.send(HTTPRequest(.get, bench.server.url)).get().status == 200)
        for step in 0..<12 {
            let source = TestSource([1, 2, 3], isOver: false)
            let transfer = bench.start(
                HTTPRequest(.put, bench.server.url, body: .streamed(length: 9, source: source)))
            for _ in 0..<step { bench.driver.turn(waitMilliseconds: 1) }
            transfer.cancel()
            transfer.cancel()
            transfer.resume()
            #expect(bench.client.transferCount == 0)
        }
        bench.driver.settle()
        #expect(bench.results.count == 1)
    }

    @Test func `a completion may start the next request and cancel another finished one`() throws {
        let bench = try Bench(HTTPClientTests.answering())
        var last: HTTPTransfer?
        var statuses: [Int] = []
        _ = bench.client.start(HTTPRequest(.get, bench.server.url)) { result in
            statuses.append((try? result.get().status) ?? 0)
            last = bench.client.start(HTTPRequest(.get, bench.server.url)) { result in
                statuses.append((try? result.get().status) ?? 0)
            }
        }
        #expect(bench.driver.run { statuses.count == 2 })
        #expect(statuses == [200, 200])
        last?.cancel()
        #expect(bench.server.acceptedCount == 1)
    }

    @Test func `transfers over the bound fail at once, connections over the bound wait`() throws {
        var configuration = HTTPClientConfiguration()
        configuration.transfersMax = 8
        configuration.connectionsMax = 2
        let bench = try Bench(HTTPClientTests.answering(), configuration)
        for _ in 0..<9 { bench.start(HTTPRequest(.get, bench.server.url)) }
        _ = try bench.waitForResults(9)
        #expect(bench.results.filter { failure($0)?.kind == .unavailable }.count == 1)
        #expect(bench.results.filter { (try? $0.get().status) == 200 }.count == 8)
        #expect(bench.server.acceptedCount == 2)
    }

    @Test func `no program that is started meanwhile inherits a connection`() throws {
        let bench = try Bench(ScriptedServer { connection in connection.drain() })
        bench.start(HTTPRequest(.get, bench.server.url))
        #expect(bench.driver.run { bench.server.acceptedCount == 1 })
        #expect(bench.driver.interests.count == 1)
        for descriptor in bench.driver.interests.keys { #expect(fcntl(descriptor, F_GETFD) == FD_CLOEXEC) }
    }

    @Test func `closing the client ends its transfers in silence and its connections`() throws {
        let bench = try Bench(ScriptedServer { connection in connection.drain() })
        for _ in 0..<5 { bench.start(HTTPRequest(.get, bench.server.url)) }
        #expect(bench.driver.run { bench.server.acceptedCount == 5 })
        bench.client.close()
        #expect(bench.driver.interests.isEmpty)
        #expect(bench.client.transferCount == 0)
        bench.start(HTTPRequest(.get, bench.server.url))
        bench.driver.settle()
        #expect(bench.results.isEmpty)
    }
}
