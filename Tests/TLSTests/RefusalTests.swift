import Testing
import TLS

@Suite struct RefusalTests {
    /// What a server says to these bytes, whole and byte by byte.
    private func verdict(on bytes: [UInt8]) throws -> (progress: TLSProgress, output: [UInt8]) {
        let server = try TestContexts.server()
        var found: [(TLSProgress, [UInt8])] = []
        for size in [bytes.count, 1] {
            let engine = try TestEngine(server: server)
            var plaintext: [UInt8] = []
            var output: [UInt8] = []
            var progress = TLSProgress.handshaking
            for piece in TestPair.pieces(bytes, size) {
                progress = engine.receive(piece.span, plaintext: &plaintext, output: &output)
                if case .failed = progress { break }
            }
            #expect(plaintext.isEmpty && !engine.isEstablished)
            found.append((progress, output))
        }
        #expect(found[0].0 == found[1].0 && found[0].1 == found[1].1, "the cut makes a difference")
        return found[0]
    }

    @Test(arguments: [
        "GET / HTTP/1.1\r\n", "POST /images HTTP/1.1\r\n", "OPTIONS * HTTP/1.1\r\n", "CONNECT a:1 HTTP/1.1\r\n",
    ])
    func `plain HTTP is told from noise, and gets no alert`(_ text: String) throws {
        let (progress, output) = try verdict(on: Array(text.utf8))
        #expect(progress == .failed(.plainHTTP))
        #expect(output.isEmpty)
    }

    @Test(arguments: [
        [0, 0, 0, 0, 0, 0], [0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0x16, 3, 1, 0, 4, 9, 9, 9, 9, 9],
        // Says ClientHello, and is none.
        [0x16, 3, 1, 0, 8, 1, 0, 0, 4, 3, 3, 0, 0],
        // A record longer than any may be.
        [0x16, 3, 1, 0xFF, 0xFF, 1, 0],
        // Data before the handshake.
        [0x17, 3, 3, 0, 2, 1, 2],
    ])
    func `garbage ends the handshake`(_ bytes: [UInt8]) throws {
        let (progress, _) = try verdict(on: bytes)
        guard case .failed(let failure) = progress else {
            Issue.record("\(progress)")
            return
        }
        #expect(failure != .plainHTTP)
    }

    @Test func `an engine that failed stays so`() throws {
        let engine = try TestEngine(server: TestContexts.server())
        var plaintext: [UInt8] = []
        var output: [UInt8] = []
        for _ in 0 ..< 3 {
            let progress = engine.receive([0x17, 3, 3, 0, 2, 1, 2].span, plaintext: &plaintext, output: &output)
            guard case .failed = progress else {
                Issue.record("\(progress)")
                return
            }
        }
        let saidBefore = output
        engine.close(output: &output)
        let failure = engine.send([1], output: &output)
        #expect(failure != nil && output == saidBefore)
    }

    @Test(arguments: [TLSVersion.tls10, .tls11])
    func `an old version is refused`(_ version: TLSVersion) throws {
        var pair = try TestPair(server: TestContexts.server(), client: TestContexts.client(version ... version))
        pair.run()
        guard case .failed(.nothingInCommon) = pair.serverProgress, case .failed(.alertReceived) = pair.clientProgress
        else {
            Issue.record("\(pair.serverProgress), \(pair.clientProgress)")
            return
        }
    }

    @Test(arguments: HandshakeTests.versions)
    func `a client that offers protocols without ours is refused`(_ version: TLSVersion) throws {
        var pair = try TestPair(
            server: TestContexts.server(),
            client: TestContexts.client(version ... version, protocols: ["h2", "http/1.0"]))
        pair.run()
        #expect(pair.serverProgress == .failed(.noApplicationProtocol))
        #expect(pair.clientProgress == .failed(.alertReceived("tlsv1 alert no application protocol")))
    }

    @Test(arguments: HandshakeTests.versions)
    func `a client that offers no protocol, or ours among others, is served`(_ version: TLSVersion) throws {
        for (offer, chosen) in [([], ""), (["h2", "http/1.1"], "http/1.1")] {
            var pair = try TestPair(
                server: TestContexts.server(), client: TestContexts.client(version ... version, protocols: offer))
            pair.run()
            #expect(pair.serverProgress == .established && pair.client.applicationProtocol == chosen)
        }
    }

    @Test func `a renegotiation is refused and the connection goes on`() throws {
        var pair = try TestPair(server: TestContexts.server(), client: TestContexts.client(.tls12 ... .tls12))
        pair.run()
        pair.client.renegotiate(output: &pair.toServer)
        #expect(!pair.toServer.isEmpty)
        let hello = pair.toServer
        let progress = pair.server.receive(hello.span, plaintext: &pair.serverGot, output: &pair.toClient)
        // A warning, no_renegotiation, and no ServerHello; what the client is told after that arrives.
        #expect(progress == .established && (1 ..< 64).contains(pair.toClient.count))
        pair.serverSends([1])
        pair.toServer = []
        // OpenSSL's client gives up by itself.
        pair.run()
        guard case .failed = pair.clientProgress else {
            Issue.record("\(pair.clientProgress)")
            return
        }
    }

    @Test(arguments: HandshakeTests.versions)
    func `a bit that was turned on the way ends the connection`(_ version: TLSVersion) throws {
        var pair = try TestPair(server: TestContexts.server(), client: TestContexts.client(version ... version))
        pair.run()
        pair.clientSends(Array("genuine".utf8))
        pair.toServer[pair.toServer.count - 1] ^= 1
        pair.run()
        guard case .failed(.malformed) = pair.serverProgress else {
            Issue.record("\(pair.serverProgress)")
            return
        }
        #expect(pair.serverGot.isEmpty)
    }
}
