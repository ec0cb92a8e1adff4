import Bytes
import Testing

@testable import Linux

@Suite struct SocketTests {
    @Test(arguments: [
        ("127.0.0.1:8080", "127.0.0.1:8080"), ("[::]:8080", "[::]:8080"), ("[::1]:0", "[::1]:0"),
        ("[2001:0DB8:0:0:0:0:0:1]:65535", "[2001:db8::1]:65535"), ("[::ffff:10.0.0.1]:1", "10.0.0.1:1"),
    ])
    func `reads a numeric address and writes its canonical text`(text: String, expected: String) {
        #expect(SocketAddress(parsing: text)?.description == expected)
    }

    @Test(arguments: [
        "", ":", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:+80", "[127.0.0.1]:80", "::1:80", "[::1]",
        "localhost:80", "[::1:80", "1.2.3.4.5:80", "01.2.3.4:80", "[fe80::1%eth0]:80", "127.1:80",
    ])
    func `refuses what is no numeric address with a port`(text: String) {
        #expect(SocketAddress(parsing: text) == nil)
    }

    @Test func `a taken port is a clear error`() throws {
        let first = try ListeningSocket(on: .loopback(port: 0))
        #expect(first.address.port != 0)
        let error = #expect(throws: SystemError.self) { _ = try ListeningSocket(on: first.address) }
        #expect(error?.isAddressInUse == true)
        #expect(error?.description == "listen \(first.address): Address already in use (EADDRINUSE)"
            || error?.description == "bind \(first.address): Address already in use (EADDRINUSE)")
    }

    @Test func `moves bytes, half-closes and reports the end`() throws {
        let listener = try ListeningSocket(on: .loopback(port: 0))
        var peer: SocketAddress?
        let early = try listener.accept(peer: &peer) == nil
        #expect(early)
        let client = try FileDescriptor.connect(to: listener.address, blocks: true)
        let accepted = try listener.accept(peer: &peer)
        guard let server = accepted else {
            Issue.record("nothing accepted")
            return
        }
        let addresses = [try client.localAddress(), try server.peerAddress()]
        #expect(addresses == [peer, peer])
        let nothing = try receive(server)
        #expect(nothing.0 == .wouldBlock && nothing.1.isEmpty)
        let head: [UInt8] = [1, 2, 3]
        let tail: [UInt8] = [4, 5]
        let sent = [try client.send(head.span, tail.span), try client.send(tail.span)]
        #expect(sent == [.bytes(5), .bytes(2)])
        try client.shutdownWrite()
        var bytes: [UInt8] = []
        while true {
            let (outcome, more) = try receive(server)
            bytes += more
            if outcome == .closed { break }
        }
        #expect(bytes == [1, 2, 3, 4, 5, 4, 5])
        try server.close()
        let end = try receive(client)
        #expect(end.0 == .closed)
    }

    @Test func `a dual-stack listener sees an IPv4 peer as IPv4`() throws {
        let any = try #require(SocketAddress(parsing: "[::]:0"))
        let listener: ListeningSocket
        do {
            listener = try ListeningSocket(on: any)
        } catch {
            // A machine without IPv6.
            #expect(error.isAddressUnavailable)
            return
        }
        let client = try FileDescriptor.connect(to: .loopback(port: listener.address.port), blocks: true)
        var peer: SocketAddress?
        let isAccepted = try listener.accept(peer: &peer) != nil
        #expect(isAccepted)
        let local = try client.localAddress()
        #expect(peer == local)
        #expect(peer?.ip.isV4 == true)
    }

    @Test func `a reset is an error, a write to a closed peer is closed`() throws {
        try FileDescriptor.streamPair { near, far in
            let bytes: [UInt8] = [1]
            do { _ = try far.send(bytes.span) } catch { Issue.record(error) }
            do throws(SystemError) {
                try far.close()
                let outcome = try near.send(bytes.span)
                #expect(outcome == .closed)
            } catch { Issue.record(error) }
        }
        let listener = try ListeningSocket(on: .loopback(port: 0))
        let client = try FileDescriptor.connect(to: listener.address, blocks: true)
        var peer: SocketAddress?
        let accepted = try listener.accept(peer: &peer)
        guard let server = accepted else { return }
        try server.resetOnClose()
        try server.close()
        do {
            _ = try receive(client)
            Issue.record("read from a reset connection")
        } catch let error as SystemError {
            #expect(error.isConnectionLoss)
        }
    }
}

/// One read of at most 16 bytes.
func receive(_ descriptor: borrowing FileDescriptor) throws -> (IOOutcome, [UInt8]) {
    var outcome = IOOutcome.closed
    let bytes = try [UInt8](capacity: 16) { output in outcome = try descriptor.read(into: &output) }
    return (outcome, bytes)
}
