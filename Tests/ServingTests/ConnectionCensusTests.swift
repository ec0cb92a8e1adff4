import Bytes
import Testing

@testable import Serving

struct ConnectionCensusTests {
    private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(parsing: text)) }

    @Test func `an address has as many connections as it may, and another as many again`() throws {
        let census = ConnectionCensus(connectionsMax: 2, v6PrefixBits: 64)
        let first = try address("192.0.2.1")
        #expect(census.enter(first))
        #expect(census.enter(first))
        #expect(!census.enter(first))
        #expect(census.enter(try address("192.0.2.2")))
        census.leave(first)
        #expect(census.enter(first))
        #expect(!census.enter(first))
    }

    @Test func `the addresses of one IPv6 prefix are one caller`() throws {
        let census = ConnectionCensus(connectionsMax: 2, v6PrefixBits: 64)
        #expect(census.enter(try address("2001:db8::1")))
        #expect(census.enter(try address("2001:db8::ffff:1")))
        #expect(!census.enter(try address("2001:db8:0:0:1::")))
        #expect(census.enter(try address("2001:db8:0:1::1")))
    }

    @Test func `an address without connections takes no room`() throws {
        let census = ConnectionCensus(connectionsMax: 3, v6PrefixBits: 64)
        for number in UInt32(1) ... 1_000 {
            let one = IPAddress(v4: number)
            #expect(census.enter(one))
            census.leave(one)
        }
        #expect(census.addressesCount == 0)
    }
}
