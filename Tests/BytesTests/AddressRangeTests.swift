import Bytes
import Testing

struct AddressRangeTests {
    private func address(_ text: String) throws -> IPAddress { try #require(IPAddress(parsing: text)) }

    @Test(
        arguments: [
            ("10.0.0.0/8", ["10.0.0.0", "10.255.255.255"], ["9.255.255.255", "11.0.0.0", "a00::", "::a00:0", "::"]),
            ("192.0.2.7", ["192.0.2.7", "::ffff:192.0.2.7"], ["192.0.2.6", "192.0.2.8", "::c000:207"]),
            ("192.0.2.128/25", ["192.0.2.128", "192.0.2.255"], ["192.0.2.127", "192.0.3.128"]),
            ("0.0.0.0/0", ["0.0.0.0", "255.255.255.255"], ["::", "ffff::", "::1"]),
            ("2001:db8::/32", ["2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"], ["2001:db7::", "2001:db9::"]),
            ("2001:db8::/65", ["2001:db8::7fff:0:0:0"], ["2001:db8::8000:0:0:0", "2001:db8:0:1::"]),
            ("::1", ["::1"], ["::", "::2", "0.0.0.1"]), ("::/0", ["::", "ffff::1"], ["0.0.0.0", "10.0.0.1"]),
            ("::/80", ["::1", "::fffe:10.0.0.1"], ["10.0.0.1"]), ("::ffff:10.0.0.1", ["10.0.0.1"], ["10.0.0.2"]),
        ] as [(String, [String], [String])])
    func `contains its own addresses and no others`(text: String, inside: [String], outside: [String]) throws {
        let range = try AddressRange(parsing: text)
        for text in inside { #expect(range.contains(try address(text)), "\(text) in \(range)") }
        for text in outside { #expect(!range.contains(try address(text)), "\(text) in \(range)") }
        #expect(try AddressRange(parsing: range.description) == range)
    }

    @Test(
        arguments: [
            ("", .noAddress), ("/8", .noAddress), ("10.0.0/8", .noAddress), ("10.0.0.0 /8", .noAddress),
            ("[::1]/128", .noAddress), ("unix", .noAddress), ("10.0.0.0/", .prefix(bitsMax: 32)),
            ("10.0.0.0/33", .prefix(bitsMax: 32)), ("0.0.0.0/:", .prefix(bitsMax: 32)),
            ("10.0.0.0/08", .prefix(bitsMax: 32)),
            ("::/129", .prefix(bitsMax: 128)),
            ("10.0.0.0/+8", .prefix(bitsMax: 32)), ("10.0.0.0/8/8", .prefix(bitsMax: 32)),
            ("::/-1", .prefix(bitsMax: 128)),
            ("10.0.0.0/255.0.0.0", .prefix(bitsMax: 32)), ("::/18446744073709551617", .prefix(bitsMax: 128)),
            ("::ffff:10.0.0.0/104", .mappedRange),
        ] as [(String, AddressRangeFault)])
    func `refuses what is no range, and says why`(text: String, fault: AddressRangeFault) {
        #expect(throws: fault) { try AddressRange(parsing: text) }
        #expect(!fault.description.isEmpty)
    }

    @Test(arguments: [
        ("10.1.2.3/8", "10.0.0.0/8"), ("0.0.0.1/0", "0.0.0.0/0"), ("192.0.2.1/31", "192.0.2.0/31"),
        ("2001:db8::1/64", "2001:db8::/64"), ("8000::/0", "::/0"),
    ])
    func `bits below the prefix are refused with the block that was meant`(text: String, meant: String) throws {
        let range = try AddressRange(parsing: meant)
        #expect(throws: AddressRangeFault.hostBits(meant: range)) { try AddressRange(parsing: text) }
        let words = AddressRangeFault.hostBits(meant: range).description
        #expect(words == "has bits set below its prefix: write \(meant), or the address alone")
    }

    @Test func `a list contains what one of its ranges contains, and is bounded`() throws {
        let ranges = try ["10.0.0.0/8", "2001:db8::/32", "192.0.2.1"].map { try AddressRange(parsing: $0) }
        let list = try #require(AddressRangeList(ranges))
        for text in ["10.9.9.9", "2001:db8::9", "192.0.2.1"] { #expect(list.contains(try address(text))) }
        for text in ["192.0.2.2", "::1", "11.0.0.0"] { #expect(!list.contains(try address(text))) }
        #expect(!AddressRangeList().contains(try address("10.0.0.0")))
        #expect(AddressRangeList(Array(repeating: ranges[0], count: 256)) != nil)
        #expect(AddressRangeList(Array(repeating: ranges[0], count: 257)) == nil)
    }

    @Test func `peers on Unix sockets are trusted only when they are named`() throws {
        let list = try #require(AddressRangeList([try AddressRange(parsing: "10.0.0.0/8")]))
        #expect(!TrustedPeers(ranges: list).contains(nil))
        #expect(TrustedPeers(ranges: list).contains(try address("10.0.0.1")))
        #expect(TrustedPeers(includesUnixSockets: true).contains(nil))
        #expect(!TrustedPeers(includesUnixSockets: true).contains(try address("10.0.0.1")))
        #expect(TrustedPeers().isEmpty && !TrustedPeers(includesUnixSockets: true).isEmpty)
    }
}
