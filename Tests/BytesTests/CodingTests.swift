import Bytes
import Testing

private func decimal(_ text: String) -> UInt64? { Decimal.parse([UInt8](text.utf8).span) }
private func hexadecimal(_ text: String) -> UInt64? { Hex.parse([UInt8](text.utf8).span) }
private func base64URL(_ text: [UInt8]) -> [UInt8]? { Base64URL.decode(text.span) }
private func percentDecoded(_ text: String) -> [UInt8]? { PercentCoding.decode([UInt8](text.utf8).span) }
private func isUUID(_ text: String) -> Bool { UUIDText.isUUID([UInt8](text.utf8).span) }
private func lowerHex(_ bytes: [UInt8]) -> String { Hex.lower(bytes.span) }

struct CodingTests {
    @Test func `decimal refuses what is not only digits and what does not fit`() {
        #expect(decimal("18446744073709551615") == UInt64.max)
        for bad in ["", "18446744073709551616", "+1", "-1", " 1", "1 ", "1_0", "0x1", "99999999999999999999999"] {
            #expect(decimal(bad) == nil)
        }
        #expect(decimal("000017") == 17)
    }

    @Test func `decimal text is padded but never cut`() {
        var output: [UInt8] = []
        Decimal.append(7, width: 3, to: &output)
        Decimal.append(12345, width: 2, to: &output)
        Decimal.append(0, to: &output)
        #expect(String(decoding: output, as: UTF8.self) == "007123450")
    }

    @Test func `hexadecimal goes both ways`() {
        var output: [UInt8] = []
        Hex.append(0, to: &output)
        Hex.append(0xDEAD_BEEF, to: &output)
        Hex.append(UInt64.max, to: &output)
        #expect(String(decoding: output, as: UTF8.self) == "0deadbeefffffffffffffffff")
        #expect(hexadecimal("fFfFfFfFfFfFfFfF") == UInt64.max)
        #expect(hexadecimal("10000000000000000") == nil)
        #expect(hexadecimal("") == nil)
        #expect(hexadecimal("g") == nil)
        #expect(lowerHex([0x00, 0xAB, 0xFF]) == "00abff")
    }

    @Test func `base64url takes the canonical form of every length and nothing else`() {
        for length in 0 ..< 70 {
            let bytes = (0 ..< length).map { UInt8(truncatingIfNeeded: $0 &* 151 &+ length) }
            var text: [UInt8] = []
            Base64URL.append(bytes.span, to: &text)
            #expect(base64URL(text) == bytes)
            #expect(base64URL(text + [0x3D]) == nil)
        }
        for bad in ["A", "AAAAA", "AB", "AAB", "AA=", "A+==", "a/a_", "AA A", "AA\n"] {
            #expect(base64URL([UInt8](bad.utf8)) == nil, "\(bad)")
        }
    }

    @Test func `base64url has 64 letters, in every place`() {
        let letters = [UInt8]("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
        for byte in UInt8.min ... UInt8.max {
            let sextet = letters.firstIndex(of: byte).map { UInt32($0) }
            for place in 0 ..< 4 {
                var text = [UInt8]("AAAA".utf8)
                text[place] = byte
                let bits = sextet.map { $0 << UInt32(18 - 6 * place) }
                #expect(base64URL(text) == bits.map { [UInt8($0 >> 16), UInt8($0 >> 8 & 255), UInt8($0 & 255)] })
                // The last letter of a text that is not whole has bits to spare, and they are zero.
                for length in 2 ... 3 where place < length {
                    let spare: UInt32 = length == 2 ? 15 : 3
                    let isWrong = place == length - 1 && (sextet ?? 0) & spare != 0
                    #expect((base64URL(Array(text[..<length])) == nil) == (sextet == nil || isWrong))
                }
            }
        }
        var text: [UInt8] = []
        Base64URL.append([0, 16, 131, 16, 81, 135, 32, 146, 139, 48, 211, 143, 65, 20, 147].span, to: &text)
        Base64URL.append([81, 85, 151, 97, 150, 155, 113, 215, 159, 130, 24, 163, 146, 89, 167].span, to: &text)
        Base64URL.append([162, 154, 171, 178, 219, 175, 195, 28, 179, 211, 93, 183, 227, 158, 187].span, to: &text)
        Base64URL.append([243, 223, 191].span, to: &text)
        #expect(text == letters)
    }

    @Test func `percent decoding refuses a cut or wrong escape`() {
        #expect(percentDecoded("a%20b%E2%82%ac+") == [UInt8]("a b€+".utf8))
        for bad in ["%", "%1", "%g0", "%0g", "a%"] { #expect(percentDecoded(bad) == nil) }
        #expect(PercentCoding.encode("a b/é~", keepsSlash: true) == "a%20b/%C3%A9~")
        #expect(PercentCoding.encode("a/b", keepsSlash: false) == "a%2Fb")
    }

    @Test func `byte classes are those of the grammar`() {
        let token = Set("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
        let unreserved = Set("-._~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ".utf8)
        for byte in UInt8.min ... UInt8.max {
            #expect(byte.isTokenByte == token.contains(byte))
            #expect(byte.isUnreserved == unreserved.contains(byte))
            #expect(byte.isVisible == (0x21 ... 0x7E ~= byte))
            #expect(byte.isFieldValueByte == (byte == 9 || byte >= 32 && byte != 127))
        }
    }
}

struct CivilTimeTests {
    @Test func `known moments have their known texts`() {
        let moment = CivilTime(millisecondsSinceEpoch: 1_763_114_400_007)
        #expect(moment.iso8601 == "2025-11-14T10:00:00.007Z")
        #expect(moment.iso8601WithoutZone == "2025-11-14T10:00:00")
        #expect(moment.imfFixdate == "Fri, 14 Nov 2025 10:00:00 GMT")
        #expect(moment.basic == "20251114T100000Z")
        #expect(CivilTime(millisecondsSinceEpoch: 0).imfFixdate == "Thu, 01 Jan 1970 00:00:00 GMT")
        #expect(CivilTime(millisecondsSinceEpoch: -1).iso8601 == "1969-12-31T23:59:59.999Z")
        #expect(CivilTime(millisecondsSinceEpoch: 951_782_400_000).basic == "20000229T000000Z")
        #expect(CivilTime(millisecondsSinceEpoch: 4_102_444_799_999).iso8601 == "2099-12-31T23:59:59.999Z")
    }
}

struct UUIDTextTests {
    @Test func `version and variant are set whatever the random bytes are`() {
        #expect(UUIDText.version4(upper: 0, lower: 0) == "00000000-0000-4000-8000-000000000000")
        #expect(UUIDText.version4(upper: .max, lower: .max) == "ffffffff-ffff-4fff-bfff-ffffffffffff")
        #expect(isUUID("550e8400-E29B-41d4-a716-446655440000"))
        #expect(!isUUID("550e8400-e29b-41d4-a716-44665544000"))
        #expect(!isUUID("550e8400ae29b-41d4-a716-446655440000"))
    }
}
