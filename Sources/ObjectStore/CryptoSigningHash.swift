internal import Crypto
internal import SigV4

/// SigV4's hash and MAC from libcrypto. Belongs to one thread.
struct CryptoSigningHash: SigningHash {
    private let hash = SHA256()

    func sha256(_ bytes: Span<UInt8>) -> SigningDigest { SigningDigest(copying: hash.hash(bytes).span) }

    func key(_ secret: Span<UInt8>) -> HMACKey { HMACKey(algorithm: .sha256, key: secret) }

    func code(for message: Span<UInt8>, under key: HMACKey) -> SigningDigest {
        SigningDigest(copying: key.code(for: message).span)
    }
}
