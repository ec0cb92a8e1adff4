import Bytes
import Testing

@testable import Gateway

struct RateKeysTests {
    private let keys = RateKeys(seed: (1, 2))

    private func key(_ text: String, _ keys: RateKeys) throws -> UInt64 {
        let address: IPAddress = try #require(IPAddress(parsing: text))
        return keys.key(address: address)
    }

    /// The vectors of the reference implementation: the key 00 01 … 0f, the messages 00 01 … of each length.
    @Test func `SipHash gives the published values`() {
        let expected: [Int: UInt64] = [
            0: 0x726F_DB47_DD0E_0E31, 1: 0x74F8_39C5_93DC_67FD, 2: 0x0D6C_8009_D9A9_4F5A, 3: 0x8567_6696_D7FB_7E2D,
            4: 0xCF27_94E0_2771_87B7, 5: 0x1876_5564_CD99_A68D, 6: 0xCBC9_466E_58FE_E3CE, 7: 0xAB02_00F5_8B01_D137,
            8: 0x93F5_F579_9A93_2462, 9: 0x9E00_82DF_0BA9_E4B0, 10: 0x7A5D_BBC5_94DD_B9F3, 11: 0xF4B3_2F46_226B_ADA7,
            12: 0x751E_8FBC_860E_E5FB, 13: 0x14EA_5627_C084_3D90, 14: 0xF723_CA90_8E7A_F2EE,
            15: 0xA129_CA61_49BE_45E5, 16: 0x3F2A_CC7F_57C2_9BDB, 31: 0x32D8_92FA_D841_C342, 63: 0x958A_324C_EB06_4572,
        ]
        for (count, value) in expected {
            let message = (0 ..< count).map { UInt8($0) }
            let hash = SipHash(0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908)
            #expect(hash.finish(message.span) == value, "\(count) bytes")
            guard count >= 8 else { continue }
            // Words that were appended are bytes of the same message.
            var byWords = SipHash(0x0706_0504_0302_0100, 0x0F0E_0D0C_0B0A_0908)
            byWords.append(0x0706_0504_0302_0100)
            let rest = Array(message[8...])
            #expect(byWords.finish(rest.span) == value, "\(count) bytes, by words")
        }
    }

    @Test func `an IPv4 address is one caller, and so is an IPv6 prefix`() throws {
        #expect(try key("192.0.2.1", keys) == key("::ffff:192.0.2.1", keys))
        #expect(try key("192.0.2.1", keys) != key("192.0.2.2", keys))
        #expect(try key("2001:db8:1:2::1", keys) == key("2001:db8:1:2:ffff::", keys))
        #expect(try key("2001:db8:1:2::1", keys) != key("2001:db8:1:3::1", keys))
        let wide = RateKeys(seed: (1, 2), v6PrefixBits: 48)
        #expect(try key("2001:db8:1:2::1", wide) == key("2001:db8:1:3::1", wide))
        #expect(try key("2001:db8:1::", wide) != key("2001:db8:2::", wide))
        #expect(try key("192.0.2.1", wide) != key("192.0.2.2", wide))
        let whole = RateKeys(seed: (1, 2), v6PrefixBits: 128)
        #expect(try key("2001:db8::1", whole) != key("2001:db8::2", whole))
        for (bits, nearest) in [(-1, 32), (0, 32), (31, 32), (129, 128), (1_000, 128)] {
            let bounded = RateKeys(seed: (1, 2), v6PrefixBits: bits)
            let same = RateKeys(seed: (1, 2), v6PrefixBits: nearest)
            #expect(try key("2001:db8:1:2::1", bounded) == key("2001:db8:1:2::1", same))
        }
    }

    @Test func `keys depend on both halves of the seed and on what is hashed`() throws {
        let others = [RateKeys(seed: (1, 3)), RateKeys(seed: (2, 2))]
        for other in others {
            #expect(try key("192.0.2.1", keys) != key("192.0.2.1", other))
            #expect(keys.key(subject: "1") != other.key(subject: "1"))
            #expect(keys.key(address: nil) != other.key(address: nil))
        }
        #expect(keys.key(subject: "1") == keys.key(subject: "1"))
        #expect(keys.key(subject: "1") != keys.key(subject: "2"))
        #expect(keys.key(subject: "") != keys.key(address: nil))
        // The bytes of an address as a subject are another caller.
        #expect(try keys.key(subject: String(repeating: "\0", count: 16)) != key("::", keys))
    }
}
