import Bytes
import Crypto
import Foundation
import SigV4
import Testing

/// libcrypto as the tests pass it in.
struct TestSigning: SigningHash {
    let hasher = SHA256()

    func sha256(_ bytes: Span<UInt8>) -> SigningDigest { SigningDigest(copying: hasher.hash(bytes).span) }
    func key(_ secret: Span<UInt8>) -> HMACKey { HMACKey(algorithm: .sha256, key: secret) }
    func code(for message: Span<UInt8>, under key: HMACKey) -> SigningDigest {
        SigningDigest(copying: key.code(for: message).span)
    }
}

func sha256Hex(_ bytes: [UInt8]) -> String { Hex.lower(TestSigning().sha256(bytes.span).span) }
func hex(_ digest: SigningDigest) -> String { Hex.lower(digest.span) }

/// The bytes that hexadecimal text stands for.
func bytes(hex text: String) -> [UInt8] {
    let digits = [UInt8](text.utf8)
    return stride(from: 0, to: digits.count - 1, by: 2).map { index in
        (digits[index].hexValue ?? 0) << 4 | (digits[index + 1].hexValue ?? 0)
    }
}

func digest(hex text: String) -> SigningDigest {
    let raw = bytes(hex: text)
    return SigningDigest(copying: raw.span)
}

/// The bytes of standard base64.
func bytes(base64 text: String) throws -> [UInt8] { [UInt8](try #require(Data(base64Encoded: text))) }

/// The value of a vector's key, which must be there and of that type.
func value<T>(_ key: String, of entry: [String: Any], as type: T.Type = T.self) throws -> T {
    try #require(entry[key] as? T, "\(key)")
}
