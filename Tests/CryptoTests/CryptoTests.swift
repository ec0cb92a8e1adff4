import Bytes
import Crypto
import Testing
import TestSupport

private func sha256(_ bytes: [UInt8]) -> String { SHA256.hash(bytes.span).hex }
private func equal(_ left: [UInt8], _ right: [UInt8]) -> Bool { ConstantTime.equal(left.span, right.span) }

private func code(_ algorithm: HashAlgorithm, key: [UInt8], _ message: [UInt8]) -> Digest {
    HMACKey(algorithm: algorithm, key: key.span).code(for: message.span)
}

private func bytes(hex: String) -> [UInt8] {
    let digits = [UInt8](hex.utf8)
    return stride(from: 0, to: digits.count - 1, by: 2).map { index in
        (digits[index].hexValue ?? 0) << 4 | (digits[index + 1].hexValue ?? 0)
    }
}

struct HashTests {
    @Test func `SHA-256 gives the values of FIPS 180`() {
        #expect(sha256([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(sha256([UInt8]("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test func `a message in pieces has the digest of the whole`() {
        let message = (0 ..< 300).map { UInt8(truncatingIfNeeded: $0 &* 7) }
        let whole = sha256(message)
        let hasher = SHA256()
        for cut in 0 ... message.count {
            hasher.update(message.span.extracting(0 ..< cut))
            hasher.update(message.span.extracting(cut ..< message.count))
            #expect(hasher.finish().hex == whole)
        }
    }

    @Test func `one object hashes many messages`() {
        let hasher = SHA256()
        hasher.update([1, 2, 3].span)
        hasher.restart()
        for _ in 0 ..< 3 {
            let digest = hasher.hash([UInt8]("abc".utf8).span)
            #expect(digest.hex == sha256([UInt8]("abc".utf8)))
        }
        #expect(hasher.finish().hex == sha256([]))
    }
}

struct HMACTests {
    @Test(.enabled(if: SharedFiles.isUsable, Comment(rawValue: SharedFiles.skipMessage)))
    func `every Wycheproof tag is told right from wrong`() throws {
        let algorithms: [String: HashAlgorithm] = ["SHA-256": .sha256, "SHA-384": .sha384, "SHA-512": .sha512]
        let (_, cases) = try SharedFiles.cases("vectors/jwt/wycheproof_hmac.json")
        for entry in cases {
            let name = try #require(entry["name"] as? String)
            let hash = try #require(entry["hash"] as? String)
            let algorithm = try #require(algorithms[hash])
            let key = bytes(hex: try #require(entry["key"] as? String))
            let message = bytes(hex: try #require(entry["msg"] as? String))
            let tag = bytes(hex: try #require(entry["tag"] as? String))
            let isValid = try #require(entry["result"] as? String) == "valid"
            let hmac = HMACKey(algorithm: algorithm, key: key.span)
            for _ in 0 ..< 2 {
                let verdict = hmac.accepts(tag.span, of: message.span)
                #expect(verdict == isValid, "\(name)")
            }
            #expect((hmac.code(for: message.span).bytes == tag) == isValid, "\(name)")
        }
        #expect(cases.count == 154)
    }

    @Test func `RFC 4231's longer-than-a-block key is hashed first`() {
        let message = [UInt8]("Test Using Larger Than Block-Size Key - Hash Key First".utf8)
        let key = [UInt8](repeating: 0xAA, count: 131)
        #expect(code(.sha256, key: key, message).hex
            == "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54")
        #expect(code(.sha384, key: key, message).hex.hasPrefix("4ece084485813e9088d2c63a041bc5b4"))
        #expect(code(.sha512, key: key, message).hex.hasPrefix("80b24263c7c1a3ebb71493c1dd7be8b4"))
    }

    @Test func `a key that stays gives what libcrypto's own HMAC gives`() {
        for algorithm in HashAlgorithm.allCases {
            for keyBytes in [0, 1, 31, 63, 64, 65, 127, 128, 129, 300] {
                let key = (0 ..< keyBytes).map { UInt8(truncatingIfNeeded: $0 &* 13 &+ 5) }
                let context = key.isEmpty ? nil : HMACContext(algorithm, key: key.span)
                for messageBytes in [0, 1, 63, 64, 200] {
                    let message = [UInt8](repeating: 0x2E, count: messageBytes)
                    let own = HMAC.code(algorithm, key: key.span, for: message.span)
                    #expect(context.map { $0.code(for: message.span) == own } ?? true, "\(algorithm) \(keyBytes)")
                    #expect(code(algorithm, key: key, message) == own, "\(algorithm) \(keyBytes) \(messageBytes)")
                }
            }
        }
    }

    @Test func `a ring has a key of each algorithm, and none for an empty secret`() throws {
        let made = HMACKeyRing(secret: [1].span)
        let ring = try #require(made)
        for algorithm in HashAlgorithm.allCases {
            let expected = code(algorithm, key: [1], [2])
            let made = ring.key(algorithm).code(for: [2].span)
            #expect(made == expected)
        }
        let empty = HMACKeyRing(secret: [UInt8]().span) == nil
        #expect(empty)
    }

    @Test func `a code is accepted whole or not at all`() {
        let right = code(.sha256, key: [1], [2]).bytes
        let hmac = HMACKey(algorithm: .sha256, key: [1].span)
        for cut in 0 ..< right.count {
            let verdict = hmac.accepts(right.span.extracting(0 ..< cut), of: [2].span)
            #expect(!verdict)
        }
        for index in right.indices {
            var wrong = right
            wrong[index] ^= 0x80
            let verdict = hmac.accepts(wrong.span, of: [2].span)
            #expect(!verdict)
        }
    }

    @Test func `digests compare by all their bytes and by their length`() {
        let short = code(.sha256, key: [1], [2])
        #expect(short == code(.sha256, key: [1], [2]))
        #expect(short != code(.sha256, key: [1], [3]))
        #expect(short != code(.sha512, key: [1], [2]))
        #expect([short.count, code(.sha384, key: [], []).count, code(.sha512, key: [], []).count] == [32, 48, 64])
    }
}

struct PrimitiveTests {
    @Test func `bytes are compared by value and by count`() {
        #expect(equal([], []))
        #expect(equal([1, 2], [1, 2]))
        #expect(!equal([1, 2], [1, 3]))
        #expect(!equal([1, 2], [1]))
    }

    @Test func `random bytes come in the number asked for and differ`() {
        #expect(SecureRandom.bytes(0) == [])
        #expect(SecureRandom.bytes(33).count == 33)
        #expect(SecureRandom.bytes(16) != SecureRandom.bytes(16))
        #expect(SecureRandom.uint64() != SecureRandom.uint64())
    }
}
