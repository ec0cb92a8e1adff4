import Bytes
import Testing

struct CRC32CTests {
    private static func checksum(_ bytes: [UInt8]) -> CRC32C {
        var sum = CRC32C()
        sum.update(bytes.span)
        return sum
    }

    /// RFC 3720 § B.4, which shows the bytes in the order in which they are sent, the least significant one first.
    @Test func `the published vectors come out`() {
        #expect(Self.checksum([]).value == 0)
        #expect(Self.checksum([UInt8]("123456789".utf8)).value == 0xE306_9283)
        #expect(Self.checksum([UInt8](repeating: 0, count: 32)).value == 0x8A91_36AA)
        #expect(Self.checksum([UInt8](repeating: 0xFF, count: 32)).value == 0x62A8_AB43)
        #expect(Self.checksum([UInt8](0 ..< 32)).value == 0x46DD_794E)
        #expect(Self.checksum([UInt8]((0 ..< 32).reversed())).value == 0x113F_DB5C)
        let read: [UInt8] = [
            0x01, 0xC0, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x14, 0x00,
            0x00, 0x00, 0x00, 0x00, 0x04, 0x00, 0x00, 0x00, 0x00, 0x14, 0x00, 0x00, 0x00, 0x18, 0x28, 0x00, 0x00, 0x00,
            0x00, 0x00, 0x00, 0x00, 0x02, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00,
        ]
        #expect(Self.checksum(read).value == 0xD996_3A56)
    }

    /// The worked example of the Amazon S3 API Reference ("Signature calculations … transferring payload with trailing
    /// headers").
    @Test func `S3 writes it in base 64, the most significant byte first`() {
        #expect(Self.checksum([UInt8](repeating: 0x61, count: 66_560)).base64 == "sOO8/Q==")
        #expect(Self.checksum([]).base64 == "AAAAAA==")
        #expect(Self.checksum([1]).base64.utf8.count == CRC32C.base64Bytes)
    }

    @Test func `pieces of any size give what one piece gives`() {
        let bytes = (0 ..< 100).map { UInt8(truncatingIfNeeded: $0 &* 37 ^ $0 >> 2) }
        let whole = Self.checksum(bytes)
        #expect(whole.value == Self.bitByBit(bytes))
        for first in 0 ... bytes.count {
            for second in stride(from: first, through: bytes.count, by: 3) {
                var sum = CRC32C()
                sum.update(bytes.span.extracting(0 ..< first))
                sum.update(bytes.span.extracting(first ..< second))
                sum.update(bytes.span.extracting(second ..< bytes.count))
                #expect(sum == whole)
            }
        }
    }

    /// The definition, a bit at a time.
    private static func bitByBit(_ bytes: [UInt8]) -> UInt32 {
        var crc: UInt32 = .max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0 ..< 8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0x82F6_3B78 : crc >> 1 }
        }
        return ~crc
    }
}

struct Base64Tests {
    /// RFC 4648 § 10.
    @Test func `the published vectors come out`() {
        let cases = [
            ("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="),
            ("foobar", "Zm9vYmFy"),
        ]
        for (text, encoded) in cases { #expect(Base64.text(text.utf8Span.span) == encoded) }
        #expect(Base64.text([UInt8]([0xFB, 0xEF, 0xFF]).span) == "++//")
    }
}

struct IMFFixdateTests {
    private static func read(_ text: String) -> Int64? { CivilTime.milliseconds(imfFixdate: text.utf8Span.span) }

    @Test func `what is written is read again`() {
        for milliseconds: Int64 in stride(from: 0, to: 4_102_444_800_000, by: 86_400_000 * 13 + 3_661_000) {
            #expect(Self.read(CivilTime(millisecondsSinceEpoch: milliseconds).imfFixdate) == milliseconds)
        }
        #expect(Self.read("Sun, 06 Nov 1994 08:49:37 GMT") == 784_111_777_000)
        #expect(Self.read("Tue, 29 Feb 2000 23:59:59 GMT") == 951_868_799_000)
    }

    @Test(arguments: [
        "", "Sun, 06 Nov 1994 08:49:37", "Sun, 06 Nov 1994 08:49:37 UTC", "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994", "Sun, 6 Nov 1994 08:49:37 GMT", "Sun, 06 nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT", "Sun, 31 Nov 1994 08:49:37 GMT", "Sun, 29 Feb 2023 08:49:37 GMT",
        "Sun, 06 Nov 1969 08:49:37 GMT", "Sun, 06 Nov 1994 24:00:00 GMT", "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08-49-37 GMT", "Sun, 06 Nov +994 08:49:37 GMT", "Sun, 06 Nov 1994 08:49:61 GMT",
    ])
    func `anything else is no date`(text: String) { #expect(Self.read(text) == nil) }
}
