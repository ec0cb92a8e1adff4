import Bytes
import Testing

struct IPAddressTests {
    @Test(arguments: [
        "::", "::1", "1::", "2001:db8::1", "1:0:0:2::3", "0:1:0:1:0:1:0:1", "1:2:3:4:5:6:7:8", "1::8", "::2:0:0:3",
        "fe80::1:0:0:1", "64:ff9b::102:304", "0.0.0.0", "255.255.255.255", "1:2:3:4:5:6:7::",
    ])
    func `an address keeps its text`(text: String) throws {
        let address = try #require(IPAddress(parsing: text))
        let description = address.description
        #expect(IPAddress(parsing: description) == address)
        if text != "1:2:3:4:5:6:7::" && text != "fe80::1:0:0:1" && text != "::2:0:0:3" { #expect(description == text) }
    }

    @Test func `masks to a prefix`() {
        #expect(IPAddress(parsing: "10.1.2.3")?.masked(prefixBits: 8).description == "10.0.0.0")
        #expect(IPAddress(parsing: "10.1.2.3")?.masked(prefixBits: 0).description == "0.0.0.0")
        #expect(IPAddress(parsing: "10.1.2.3")?.masked(prefixBits: 32).description == "10.1.2.3")
        #expect(IPAddress(parsing: "255.255.255.255")?.masked(prefixBits: 9).description == "255.128.0.0")
        #expect(IPAddress(parsing: "255.255.255.255")?.masked(prefixBits: 0).description == "0.0.0.0")
        #expect(IPAddress(parsing: "2001:db8:1:2:3::4")?.masked(prefixBits: 64).description == "2001:db8:1:2::")
        #expect(IPAddress(parsing: "2001:db8:1:2:3::4")?.masked(prefixBits: 33).description == "2001:db8::")
        #expect(IPAddress(parsing: "ffff::1")?.masked(prefixBits: 0).description == "::")
    }

    @Test(arguments: [
        "", ".", ":", ":::", "1.2.3", "1.2.3.4.5", "1.2.3.", ".1.2.3", "1..2.3", "1.2.3.256", "01.2.3.4", "1.2.3.00",
        "1.2.3.4 ", " 1.2.3.4", "+1.2.3.4", "0x1.2.3.4", "1.2.3.4/8", "1.2.3.4:80", "16909060", "1.2.3.0004",
        "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1::2:3:4:5:6:7:8", "::1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8::", "1::2::3",
        ":1", ":1::", "1:", "::1:", "12345::", "g::", "[::1]", "fe80::1%eth0", "::1.2.3", "::1.2.3.4.5", "::01.2.3.4",
        "1.2.3.4::", "::1.2.3.4:5", "1:2:3:4:5:6:7:1.2.3.4", "::.1.2.3", "::ffff:1.2.3.256", "::1/128",
        "1:2:3:4:5:6:7:8 ",
        "0000:0000:0000:0000:0000:0000:255.255.255.2550",
    ])
    func `refuses what is no address`(text: String) {
        #expect(IPAddress(parsing: text) == nil)
    }

    @Test(
        arguments: [
            ("::1.2.3.4", 0, 0x0102_0304), ("::FFFF:0A00:1", 0, 0xFFFF_0A00_0001),
            ("::ffff:10.0.0.1", 0, 0xFFFF_0A00_0001),
            ("0001:0020:0300:4000:5:6:7:8", 0x0001_0020_0300_4000, 0x0005_0006_0007_0008),
            ("1:2:3:4:5:6:1.2.3.4", 0x0001_0002_0003_0004, 0x0005_0006_0102_0304), ("1::8", 0x0001_0000_0000_0000, 8),
            ("1:2:3:4:5:6:7::", 0x0001_0002_0003_0004, 0x0005_0006_0007_0000), ("10.0.0.1", 0, 0xFFFF_0A00_0001),
            ("0000:0000:0000:0000:0000:ffff:255.255.255.255", 0, 0xFFFF_FFFF_FFFF), ("::", 0, 0),
            ("::2:3:4:5:6:7:8", 0x0000_0002_0003_0004, 0x0005_0006_0007_0008),
        ] as [(String, UInt64, UInt64)])
    func `reads every form to the same bits`(text: String, upper: UInt64, lower: UInt64) {
        #expect(IPAddress(parsing: text) == IPAddress(upper: upper, lower: lower))
    }
}
