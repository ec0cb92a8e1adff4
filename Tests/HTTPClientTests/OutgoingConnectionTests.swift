import Bytes
import Linux
import Testing

@testable import HTTPClient

/// What a connection makes of bytes when the kernel does not take all of them.
@Suite struct OutgoingConnectionTests {
    private static let origin = Origin(isEncrypted: false, host: "127.0.0.1", port: 80)

    /// More than the kernel's buffer of a socket takes at once, so that a call ends in the first piece, between the
    /// two, in the second, or takes none.
    @Test(arguments: [(1, 1), (700, 65_536), (1, 1_000_000), (1_000_000, 1), (600_000, 600_000), (0, 300_000)])
    func `two pieces arrive one behind the other, whatever the kernel takes`(first: Int, second: Int) throws {
        let head = (0..<first).map { UInt8(truncatingIfNeeded: $0 &* 7 >> 2) }
        let body = (0..<second).map { UInt8(truncatingIfNeeded: $0 &* 31 >> 3) }
        var received: [UInt8] = []
        try FileDescriptor.streamPair { (client, server) throws(SystemError) in
            let connection = OutgoingConnection(client, origin: Self.origin, now: 0)
            var sealed: [UInt8] = []
            for _ in 0..<2 {
                let isSent = connection.sends(head.span, then: body.span, sealed: &sealed)
                // What waits already is not overtaken: then the pieces are the caller's to put together.
                if !isSent { connection.send((head + body).span, sealed: &sealed) }
                // The kernel has room again, before what waits is flushed.
                _ = try Self.read(server, into: &received)
            }
            while try Self.read(server, into: &received) || connection.hasBacklog { connection.flush() }
            connection.close()
        }
        let isWhole = received == head + body + head + body
        #expect(isWhole)
    }

    private static func read(
        _ server: borrowing FileDescriptor, into received: inout [UInt8]
    ) throws(SystemError) -> Bool {
        var outcome = IOOutcome.wouldBlock
        try received.append(addingCapacity: 65_536) { room throws(SystemError) in
            outcome = try server.read(into: &room)
        }
        return outcome != .wouldBlock
    }

    @Test func `pieces for a peer that has gone are a failure, and nothing waits`() throws {
        try FileDescriptor.streamPair { (client, server) throws(SystemError) in
            let connection = OutgoingConnection(client, origin: Self.origin, now: 0)
            _ = consume server
            var sealed: [UInt8] = []
            let bytes: [UInt8] = [1, 2, 3]
            #expect(connection.sends(bytes.span, then: bytes.span, sealed: &sealed))
            #expect(connection.isBroken)
            #expect(!connection.hasBacklog)
            // Nor is anything given to it again.
            #expect(!connection.sends(bytes.span, then: bytes.span, sealed: &sealed))
            #expect(!connection.hasBacklog)
        }
    }

    @Test func `is silent until the server says something, or goes`() throws {
        try FileDescriptor.streamPair { (client, server) throws(SystemError) in
            let connection = OutgoingConnection(client, origin: Self.origin, now: 0)
            #expect(connection.isSilent)
            let bytes: [UInt8] = [1]
            _ = try server.write(bytes.span)
            #expect(!connection.isSilent)
            #expect(!connection.isSilent)
            var output: [UInt8] = []
            var sealed: [UInt8] = []
            #expect(connection.receive(into: &output, sealed: &sealed) == .bytes)
            #expect(output == bytes)
            #expect(connection.isSilent)
            _ = consume server
            #expect(!connection.isSilent)
            connection.close()
            #expect(!connection.isSilent)
        }
    }
}
