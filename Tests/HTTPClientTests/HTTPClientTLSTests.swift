import Bytes
import Foundation
import HTTPClient
import TestSupport
import Testing
import TLS

@Suite struct HTTPClientTLSTests {
    /// A server with a certificate for `localhost` that answers every request, and notes what it was asked.
    static func answering(
        _ notes: Notes<String>, is12: Bool = false, _ configuration: HTTPClientConfiguration = HTTPClientConfiguration()
    ) throws -> TLSBench {
        let authority = try #require(TestAuthority.shared)
        return try TLSBench(authority.first, trusting: authority.certificate, is12: is12, configuration) { end in
            notes.add(end.isResumed ? "resumed" : "new")
            while let head = try end.readHead() {
                notes.add(head[0])
                let closes = head[0].contains("/last") ? "Connection: close\r\n" : ""
                try end.send("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\(closes)\r\nok")
            }
        }
    }

    /// A server that does the same on every connection, from its first request on.
    static func serving(
        _ script: @escaping @Sendable (TLSServerEnd) throws -> Void
    ) throws -> TLSBench {
        let authority = try #require(TestAuthority.shared)
        return try TLSBench(authority.first, trusting: authority.certificate, .idle) { end in
            guard try end.readHead() != nil else { return }
            try script(end)
        }
    }

    @Test(arguments: [true, false])
    func `a request and its answer go over TLS, by http 1.1 and under the name`(is12: Bool) throws {
        let authority = try #require(TestAuthority.shared)
        let notes = Notes<[String]>()
        let tls = try TLSBench(authority.first, trusting: authority.certificate, is12: is12) { end in
            notes.add(["\(end.version.map { "\($0)" } ?? "-") \(end.applicationProtocol) \(end.serverName ?? "-")"])
            notes.add(try end.readHead() ?? [])
            try end.send("HTTP/1.1 201 Made\r\nx-a: b\r\nContent-Length: 2\r\n\r\nok")
            _ = try end.receive()
        }
        let response = try tls.get("/x?y=z").get()
        #expect(response.status == 201)
        #expect(response.fields.value(of: "x-a") == "b")
        #expect(response.body == Array("ok".utf8))
        #expect(notes.all.first == ["\(is12 ? "tls12" : "tls13") http/1.1 localhost"])
        #expect(notes.all.last == ["GET /x?y=z HTTP/1.1", "Host: localhost:\(tls.server.port)"])
    }

    @Test func `a connection is kept and used again, without another handshake`() throws {
        let notes = Notes<String>()
        let tls = try Self.answering(notes)
        for target in ["/1", "/2", "/3"] { #expect(try tls.get(target).get().status == 200) }
        #expect(notes.all == ["new", "GET /1 HTTP/1.1", "GET /2 HTTP/1.1", "GET /3 HTTP/1.1"])
        #expect(tls.server.acceptedCount == 1)
    }

    @Test(arguments: [true, false])
    func `the next connection takes up the session of the one before`(is12: Bool) throws {
        let notes = Notes<String>()
        let tls = try Self.answering(notes, is12: is12)
        for target in ["/1", "/last", "/3", "/last", "/5"] { #expect(try tls.get(target).get().status == 200) }
        #expect(notes.all.filter { !$0.hasPrefix("GET") } == ["new", "resumed", "resumed"])
        #expect(tls.server.acceptedCount == 3)
    }

    @Test func `a session is not taken up once its authority is trusted no more`() throws {
        let notes = Notes<String>()
        var configuration = HTTPClientConfiguration()
        configuration.authoritiesSecondsMax = 0
        let tls = try Self.answering(notes, configuration)
        for target in ["/1", "/last"] { #expect(try tls.get(target).get().status == 200) }
        try tls.bundle.write(try #require(TestAuthority.shared).stranger.certificatesPEM)
        #expect(failure(try tls.get("/3"))?.kind == .tls)
        #expect(notes.all == ["new", "GET /1 HTTP/1.1", "GET /last HTTP/1.1"])
    }

    @Test func `tickets and keys that come while a connection is idle do not end it`() throws {
        let tls = try Self.serving { end in
            repeat {
                try end.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                end.connection.waitForRelease()
                try end.sendTicketsAndKeys()
            } while try end.readHead() != nil
        }
        for _ in 1...3 {
            #expect(try tls.get().get().status == 200)
            let descriptor = try #require(tls.bench.driver.interests.keys.first)
            tls.server.release()
            #expect(isReadable(descriptor, milliseconds: 20_000))
            #expect(tls.bench.driver.run { !isReadable(descriptor, milliseconds: 0) })
            #expect(tls.bench.driver.interests.count == 1)
        }
        #expect(tls.server.acceptedCount == 1)
    }

    @Test func `an answer that comes unasked ends an idle connection`() throws {
        let notes = Notes<String>()
        let tls = try Self.serving { end in
            try end.send("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nown")
            try end.send("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nnobody")
            while try end.receive() {}
            notes.add("closed")
        }
        for count in 1...2 {
            #expect(try tls.get().get().body == Array("own".utf8))
            #expect(tls.bench.driver.run { notes.count == count })
        }
        #expect(tls.server.acceptedCount == 2)
    }

    @Test(arguments: [true, false])
    func `a body that ends with the connection is whole where TLS says so`(isOneWrite: Bool) throws {
        let tls = try Self.serving { end in
            try end.send(Array("HTTP/1.1 200 OK\r\n\r\nwhole".utf8), andCloses: isOneWrite)
            if !isOneWrite { try end.sayGoodbye() }
            end.connection.endSending()
            end.connection.drain()
        }
        #expect(try tls.get().get().body == Array("whole".utf8))
        #expect(try tls.get().get().body == Array("whole".utf8))
        #expect(tls.server.acceptedCount == 2)
    }

    /// Anybody on the way can end a stream of TCP (RFC 8446 § 6.1).
    @Test(
        arguments: [
            "HTTP/1.1 200 OK\r\n\r\nhalf", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", "HTTP/1.1", "",
        ])
    func `an end that TLS says nothing of is a lost connection`(answer: String) throws {
        let tls = try Self.serving { end in
            if !answer.isEmpty { try end.send(answer) }
            end.connection.endSending()
            end.connection.drain()
        }
        let found = try #require(failure(try tls.get()))
        #expect(found.kind == .connectionLost)
        #expect(found.detail == "the connection was closed without the end that TLS has")
        #expect(found.requestSent)
    }

    @Test func `an answer that TLS ends too early is a lost connection`() throws {
        let tls = try Self.serving { end in
            try end.send(Array("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".utf8), andCloses: true)
            end.connection.drain()
        }
        #expect(failure(try tls.get())?.kind == .connectionLost)
    }

    private static func pattern(_ count: Int) -> [UInt8] {
        let block = (0..<65_521).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(count + block.count)
        while bytes.count < count { bytes += block }
        bytes.removeLast(bytes.count - count)
        return bytes
    }

    /// - Parameter isStreamed: asked for piece by piece; otherwise all of it waits for the server, encrypted.
    @Test(arguments: [5_000, 200_000, 5_000_000, 12_000_000], [true, false])
    func `a long body arrives as it was sent, also where the server reads it late`(
        length: Int, isStreamed: Bool
    ) throws {
        let isLate = length > 5_000_000
        let authority = try #require(TestAuthority.shared)
        let seen = Received()
        let tls = try TLSBench(authority.first, trusting: authority.certificate) { end in
            if isLate { end.connection.narrow() }
            guard try end.readHead() != nil else { return }
            if isStreamed, length >= 1 << 20 { try end.send("HTTP/1.1 100 Continue\r\n\r\n") }
            if isLate { end.connection.waitForRelease() }
            seen.set(try end.readBytes(length))
            try end.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            _ = try end.receive()
        }
        let source = TestSource(Self.pattern(length))
        let body = isStreamed ? .streamed(length: Int64(length), source: source) : HTTPRequestBody.bytes(source.bytes)
        tls.bench.start(HTTPRequest(.put, tls.url, body: body))
        if isLate {
            tls.bench.driver.settle()
            let turns = tls.bench.driver.turns
            tls.bench.driver.settle()
            #expect(tls.bench.driver.turns - turns <= 20, "a server that reads nothing keeps the loop busy")
            #expect(source.offset < length)
            tls.server.release()
        }
        #expect(try tls.bench.waitForResults().get().status == 200)
        let isSame = seen.bytes == source.bytes
        #expect(isSame)
    }

    @Test func `a long answer arrives as it was sent`() throws {
        let bytes = Self.pattern(5_000_000)
        let tls = try Self.serving { end in
            try end.send("HTTP/1.1 200 OK\r\nContent-Length: \(bytes.count)\r\n\r\n")
            try end.send(bytes)
            _ = try end.receive()
        }
        let response = try tls.send(HTTPRequest(.get, tls.url, responseBytesMax: bytes.count)).get()
        #expect(response.body == bytes)
    }
}
