internal import Bytes
package import Crypto
package import SigV4

/// libcrypto's hashes for `SigV4`. Belongs to one thread, as its contexts do.
package struct LibcryptoSigning: SigningHash {
    private let hasher = Crypto.SHA256()

    package init() {}

    package func sha256(_ bytes: Span<UInt8>) -> SigningDigest {
        SigningDigest(copying: hasher.hash(bytes).span)
    }

    package func key(_ secret: Span<UInt8>) -> HMACKey {
        HMACKey(algorithm: .sha256, key: secret)
    }

    package func code(for message: Span<UInt8>, under key: HMACKey) -> SigningDigest {
        SigningDigest(copying: key.code(for: message).span)
    }
}
