import Bytes
import HTTPClient
import TestSupport
import Testing
import TLS

/// Servers that are not, or cannot be, trusted.
@Suite struct HTTPClientTrustTests {
    enum Fault: CaseIterable {
        case authority, name, date

        var reason: String {
            switch self {
            case .authority: "the server's certificate is refused: unable to get local issuer certificate"
            case .name: "the server's certificate is refused: hostname mismatch"
            case .date: "the server's certificate is refused: certificate has expired"
            }
        }
    }

    @Test(arguments: Fault.allCases)
    func `a certificate that is not to be trusted ends the handshake, and nothing is sent`(fault: Fault) throws {
        let authority = try #require(TestAuthority.shared)
        let pair =
            switch fault {
            case .authority: authority.first
            case .name: authority.second
            case .date: authority.expired
            }
        let trusted = fault == .authority ? authority.stranger.certificatesPEM : authority.certificate
        let notes = Notes<[String]>()
        let tls = try TLSBench(pair, trusting: trusted) { end in
            if let head = try end.readHead() { notes.add(head) }
        }
        let transfer = tls.bench.start(HTTPRequest(.post, tls.url, body: .bytes([1])))
        let found = try #require(failure(try tls.bench.waitForResults()))
        #expect(found.kind == .tls)
        #expect(found.detail == "localhost: \(fault.reason)")
        #expect(!found.requestSent)
        #expect(!found.bodySent)
        #expect(transfer.sendCount == 0)
        #expect(tls.bench.driver.interests.isEmpty)
        tls.server.stop()
        #expect(notes.all.isEmpty)
    }

    @Test func `an address is checked as one, and no name is sent for it`() throws {
        let authority = try #require(TestAuthority.shared)
        let notes = Notes<String>()
        let tls = try TLSBench(authority.address, trusting: authority.certificate) { end in
            notes.add(end.serverName ?? "none")
            _ = try end.readHead()
            try end.send("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
            _ = try end.receive()
        }
        let url = "https://127.0.0.1:\(tls.server.port)"
        #expect(try tls.send(HTTPRequest(.get, url)).get().status == 200)
        #expect(notes.all == ["none"])
        let named = try #require(failure(try tls.get()))
        #expect(named.detail == "localhost: \(Fault.name.reason)")

        let other = try TLSBench(authority.first, trusting: authority.certificate) { _ in }
        let address = try other.send(HTTPRequest(.get, "https://127.0.0.1:\(other.server.port)"))
        #expect(failure(address)?.kind == .tls)
        #expect(failure(address)?.detail == "127.0.0.1: the server's certificate is refused: IP address mismatch")
    }

    @Test func `without a file of authorities it is the system's that are trusted`() throws {
        let notes = Notes<String>()
        let tls = try HTTPClientTLSTests.answering(notes)
        let bench = try HTTPClientTests.Bench(tls.server)
        let found = try #require(failure(try bench.send(HTTPRequest(.get, tls.url))))
        #expect(found.kind == .tls)
        #expect(found.detail == "localhost: \(Fault.authority.reason)")
    }

    @Test(arguments: ["", "no certificate\n", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", nil])
    func `a file of authorities that is none fails requests with what to do, until it is one`(text: String?) throws {
        let authority = try #require(TestAuthority.shared)
        let notes = Notes<String>()
        let tls = try HTTPClientTLSTests.answering(notes)
        let file = try PEMFile(Array((text ?? "").utf8))
        var configuration = HTTPClientConfiguration()
        configuration.caBundlePath = text == nil ? file.path + ".missing" : file.path
        configuration.connectionsMax = 1
        let bench = try HTTPClientTests.Bench(tls.server, configuration)
        for _ in 0..<2 {
            let found = try #require(failure(try bench.send(HTTPRequest(.get, tls.url))))
            #expect(found.kind == .tls)
            #expect(!found.requestSent)
            #expect(found.detail.hasPrefix("the authorities in \(configuration.caBundlePath ?? "-") cannot be read: "))
            #expect(found.detail.hasSuffix("; it has to hold certificates in PEM"))
            #expect(bench.driver.interests.isEmpty)
        }
        guard text != nil else { return }
        try file.write(authority.certificate)
        #expect(try bench.send(HTTPRequest(.get, tls.url)).get().status == 200)
    }

    @Test func `the file of authorities is read anew when its time is over, for new connections`() throws {
        let authority = try #require(TestAuthority.shared)
        for secondsMax in [0, 1_000] as [Int64] {
            var configuration = HTTPClientConfiguration()
            configuration.authoritiesSecondsMax = secondsMax
            let notes = Notes<String>()
            let tls = try HTTPClientTLSTests.answering(notes, configuration)
            #expect(try tls.get().get().status == 200)
            try tls.bundle.write(authority.stranger.certificatesPEM)
            #expect(try tls.get("/last").get().status == 200)
            let next = try tls.get("/next")
            #expect(failure(next)?.kind == (secondsMax == 0 ? .tls : nil))
        }
    }

    @Test func `a handshake that the server never answers ends when the time to connect does`() throws {
        var configuration = HTTPClientConfiguration()
        configuration.connectionsMax = 1
        let bench = try HTTPClientTests.Bench(ScriptedServer { connection in connection.drain() }, configuration)
        let request = HTTPRequest(
            .get, "https://127.0.0.1:\(bench.server.port)", connectMilliseconds: 300, totalMilliseconds: nil)
        for _ in 0..<2 {
            let found = try #require(failure(try bench.send(request)))
            #expect(found.kind == .timeout)
            #expect(found.detail == "the TLS handshake was not over within the time that a request has")
            #expect(!found.requestSent)
            #expect(bench.driver.interests.isEmpty)
        }
    }

    @Test func `a server that speaks no TLS is told apart from one that is not trusted`() throws {
        let notes = Notes<Int>()
        let bench = try HTTPClientTests.Bench(ScriptedServer { connection in
            _ = try connection.readSome()
            notes.add(connection.number)
            if connection.number == 1 {
                try connection.send("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
                return connection.drain()
            }
            if connection.number == 2 { return }
            connection.reset()
        })
        let url = "https://localhost:\(bench.server.port)"
        let plain = try #require(failure(try bench.send(HTTPRequest(.get, url))))
        #expect(plain.kind == .tls)
        #expect(plain.detail == "localhost: the other end speaks plain HTTP")
        for _ in 0..<2 {
            let gone = try #require(failure(try bench.send(HTTPRequest(.get, url))))
            #expect(gone.kind == .tls)
            #expect(!gone.requestSent)
        }
        #expect(notes.count == 3)
    }

    @Test(arguments: [true, false])
    func `a server that wants a certificate of ours is refused by its alert`(is12: Bool) throws {
        let authority = try #require(TestAuthority.shared)
        let notes = Notes<String>()
        let tls = try TLSBench(
            authority.first, clientAuthorities: authority.certificate, trusting: authority.certificate, is12: is12
        ) { _ in notes.add("established") }
        let found = try #require(failure(try tls.get()))
        // TLS 1.3 tells the client only once it is through, and the request is out (RFC 8446 § 4.4.2.4).
        #expect(found.kind == (is12 ? .tls : .connectionLost))
        #expect(found.requestSent == !is12)
        #expect(found.detail.contains(is12 ? "handshake failure" : "certificate required"), "\(found.detail)")
        tls.server.stop()
        #expect(notes.all.isEmpty)
    }
}
