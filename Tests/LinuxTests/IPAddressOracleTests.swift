import Bytes
import Glibc
import Testing

/// The parser of addresses against inet_pton(3), whose verdicts it replaces.
struct IPAddressOracleTests {
    /// xorshift64*: a seed reproduces a run.
    private struct Random: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state ^= state >> 12
            state ^= state << 25
            state ^= state >> 27
            return state &* 0x2545_F491_4F6C_DD1D
        }
    }

    private func oracle(_ text: String) -> IPAddress? {
        var v4 = in_addr()
        if unsafe inet_pton(AF_INET, text, &v4) == 1 { return IPAddress(v4: UInt32(bigEndian: v4.s_addr)) }
        var bytes = [UInt8](repeating: 0, count: 16)
        guard unsafe inet_pton(AF_INET6, text, &bytes) == 1 else { return nil }
        func word(_ range: Range<Int>) -> UInt64 { bytes[range].reduce(0) { $0 << 8 | UInt64($1) } }
        return IPAddress(upper: word(0 ..< 8), lower: word(8 ..< 16))
    }

    /// Text that is an address or nearly one: groups, dots and gaps put together, then bent a little.
    private func sample(_ random: inout Random) -> String {
        var bytes: [UInt8] = []
        let groups = Int.random(in: 1 ... 9, using: &random)
        let gap = Int.random(in: 0 ... 12, using: &random)
        let isV6 = Int.random(in: 0 ..< 4, using: &random) != 0
        if !isV6 {
            dotted(&bytes, &random)
        } else {
            for index in 0 ..< groups {
                if index == gap { bytes.append(contentsOf: (index == 0 ? "::" : ":").utf8) }
                let value = random.next() >> UInt64.random(in: 48 ..< 65, using: &random)
                if index == groups - 1, Int.random(in: 0 ..< 3, using: &random) == 0 {
                    dotted(&bytes, &random)
                    break
                }
                bytes.append(contentsOf: String(value, radix: 16, uppercase: index % 2 == 0).utf8)
                if index < groups - 1 || gap == groups { bytes.append(UInt8(ascii: ":")) }
            }
            if gap == groups { bytes.append(UInt8(ascii: ":")) }
        }
        let alphabet = [UInt8](":.0123456789abcfFgx% ".utf8)
        for _ in 0 ..< Int.random(in: 0 ..< 3, using: &random) where !bytes.isEmpty {
            let place = Int.random(in: 0 ..< bytes.count, using: &random)
            switch Int.random(in: 0 ..< 4, using: &random) {
            case 0: bytes.remove(at: place)
            case 1: bytes.insert(alphabet.randomElement(using: &random) ?? 0x3A, at: place)
            case 2: bytes[place] = alphabet.randomElement(using: &random) ?? 0x3A
            default: bytes.insert(bytes[place], at: place)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func dotted(_ bytes: inout [UInt8], _ random: inout Random) {
        for index in 0 ..< 4 {
            if index > 0 { bytes.append(UInt8(ascii: ".")) }
            bytes.append(contentsOf: String(Int.random(in: 0 ..< 270, using: &random)).utf8)
        }
    }

    @Test(arguments: [1, 2, 3] as [UInt64])
    func `judges many near-addresses as inet_pton does`(seed: UInt64) throws {
        var random = Random(state: seed &* 0x9E37_79B9_7F4A_7C15)
        var taken = 0
        var refused = 0
        for _ in 0 ..< 60_000 {
            let text = sample(&random)
            let expected = oracle(text)
            if expected == nil { refused += 1 } else { taken += 1 }
            try #require(IPAddress(parsing: text) == expected, "\(text)")
        }
        #expect(taken > 5_000 && refused > 5_000)
    }

    @Test func `every address that is written is read by both as itself`() {
        var random = Random(state: 7)
        for _ in 0 ..< 20_000 {
            // Words of few set groups, so that gaps of every length come up.
            let mask = random.next() & random.next()
            func word(_ shift: UInt64) -> UInt64 {
                var word: UInt64 = 0
                for group in 0 ..< 4 as Range<UInt64> where (mask >> (shift + group)) & 1 == 1 {
                    word |= (random.next() & 0xFFFF) << (16 * group)
                }
                return word
            }
            let address = IPAddress(upper: word(0), lower: word(4))
            #expect(IPAddress(parsing: address.description) == address)
            #expect(oracle(address.description) == address)
        }
    }
}
