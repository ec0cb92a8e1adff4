import Testing
import TLS

@Suite struct HandshakeTests {
    static let versions: [TLSVersion] = [.tls12, .tls13]

    @Test(arguments: versions)
    func `speaks this version, and data flows both ways`(_ version: TLSVersion) throws {
        var pair = try TestPair(server: TestContexts.server(), client: TestContexts.client(version ... version))
        pair.run()
        #expect(pair.clientProgress == .established && pair.serverProgress == .established)
        #expect(pair.client.version == version && pair.client.applicationProtocol == "http/1.1")
        pair.clientSends(Array("ping".utf8))
        pair.serverSends(Array("pong".utf8))
        pair.run()
        #expect(pair.serverGot == Array("ping".utf8) && pair.clientGot == Array("pong".utf8))
    }

    @Test(arguments: versions)
    func `byte by byte it is the same`(_ version: TLSVersion) throws {
        var pair = try TestPair(server: TestContexts.server(), client: TestContexts.client(version ... version))
        pair.pieceBytes = 1
        pair.run()
        pair.clientSends(Array("ping".utf8))
        pair.serverSends(Array("pong".utf8))
        pair.run()
        #expect(pair.serverGot == Array("ping".utf8) && pair.clientGot == Array("pong".utf8))
    }

    @Test(arguments: versions)
    func `a first flight cut at every byte is understood`(_ version: TLSVersion) throws {
        let server = try TestContexts.server()
        var client = try TestPair(server: server, client: TestContexts.client(version ... version))
        let hello = client.toServer
        client.run()
        #expect(client.serverProgress == .established)
        for cut in 0 ... hello.count {
            let engine = try TestEngine(server: server)
            var plaintext: [UInt8] = []
            var output: [UInt8] = []
            let start = engine.receive(hello.span.extracting(first: cut), plaintext: &plaintext, output: &output)
            #expect(start == .handshaking)
            #expect(output.isEmpty == (cut < hello.count), "cut at \(cut)")
            let end = engine.receive(
                hello.span.extracting(droppingFirst: cut), plaintext: &plaintext, output: &output)
            #expect(end == .handshaking && !output.isEmpty, "cut at \(cut)")
        }
    }

    @Test(arguments: versions)
    func `data cut at every byte comes out once and whole`(_ version: TLSVersion) throws {
        for cut in 0 ... 60 {
            var pair = try TestPair(server: TestContexts.server(), client: TestContexts.client(version ... version))
            pair.run()
            pair.clientSends(Array("abc".utf8))
            pair.clientSends(Array("defgh".utf8))
            let sent = pair.toServer
            pair.toServer = []
            var output: [UInt8] = []
            var got: [UInt8] = []
            let place = min(cut, sent.count)
            _ = pair.server.receive(sent.span.extracting(first: place), plaintext: &got, output: &output)
            _ = pair.server.receive(sent.span.extracting(droppingFirst: place), plaintext: &got, output: &output)
            #expect(got == Array("abcdefgh".utf8), "cut at \(place)")
        }
    }

    @Test(arguments: versions)
    func `records of one byte are put together`(_ version: TLSVersion) throws {
        var pair = try TestPair(server: TestContexts.server(), client: TestContexts.client(version ... version))
        pair.run()
        let text = Array("POST /images HTTP/1.1\r\n".utf8)
        for byte in text { pair.clientSends([byte]) }
        pair.run()
        #expect(pair.serverGot == text && pair.serverProgress == .established)
    }

    @Test(arguments: versions)
    func `five mebibytes go through in either direction`(_ version: TLSVersion) throws {
        var pair = try TestPair(server: TestContexts.server(), client: TestContexts.client(version ... version))
        pair.pieceBytes = 10_007
        pair.run()
        let image = (0 ..< 5 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        pair.clientSends(image)
        pair.serverSends(image)
        pair.run()
        #expect(pair.serverGot == image)
        #expect(pair.clientGot == image)
    }

    @Test(arguments: versions)
    func `a session is taken up again by its ticket, with no state on the server`(_ version: TLSVersion) throws {
        let server = try TestContexts.server()
        let client = try TestContexts.client(version ... version)
        var first = try TestPair(server: server, client: client)
        first.run()
        #expect(!first.client.isResumed)
        let session = try #require(first.client.session())
        #expect(session.hasTicket)
        var second = try TestPair(server: server, client: client, resuming: session)
        second.run()
        #expect(second.client.isResumed && second.serverProgress == .established)
        // Tickets of a context end with it: that is how their keys change.
        var third = try TestPair(server: TestContexts.server(), client: client, resuming: session)
        third.run()
        #expect(!third.client.isResumed && third.serverProgress == .established)
    }

    @Test(arguments: versions)
    func `the client's close_notify is seen, and ours can follow data`(_ version: TLSVersion) throws {
        var pair = try TestPair(server: TestContexts.server(), client: TestContexts.client(version ... version))
        pair.run()
        pair.clientSends(Array("all of it".utf8))
        pair.client.close(output: &pair.toServer)
        pair.run()
        #expect(pair.serverProgress == .closedByPeer && pair.serverGot == Array("all of it".utf8))
        pair.serverSends(Array("answer".utf8))
        pair.server.close(output: &pair.toClient)
        let once = pair.toClient.count
        pair.server.close(output: &pair.toClient)
        #expect(pair.toClient.count == once)
        pair.run()
        #expect(pair.clientProgress == .closedByPeer && pair.clientGot == Array("answer".utf8))
    }

    @Test(arguments: versions)
    func `a stream that is cut is not taken for one that ended`(_ version: TLSVersion) throws {
        var pair = try TestPair(server: TestContexts.server(), client: TestContexts.client(version ... version))
        pair.run()
        pair.clientSends(Array("half".utf8))
        pair.toServer.removeLast(3)
        pair.run()
        #expect(pair.serverProgress == .established && pair.serverGot.isEmpty)
    }

    @Test func `keys are changed when the client asks for it`() throws {
        var pair = try TestPair(server: TestContexts.server(), client: TestContexts.client(.tls13 ... .tls13))
        pair.run()
        for _ in 0 ..< 3 {
            pair.client.updateKeys(output: &pair.toServer)
            pair.run()
            pair.clientSends([1])
            pair.serverSends([2])
            pair.run()
        }
        #expect(pair.serverGot == [1, 1, 1] && pair.clientGot == [2, 2, 2])
    }
}
