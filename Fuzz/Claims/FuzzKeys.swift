internal import Crypto
internal import Synchronization
internal import Tokens

/// The keys of the one secret that all token targets sign with, made once: contexts of libcrypto are dear. Tests run
/// targets side by side, so they are taken in turn.
enum FuzzKeys {
    private static let ring = Mutex(made())

    private static func made() -> sending HMACKeyRing? {
        let secret = TokenVerify.secret
        return HMACKeyRing(secret: secret.span)
    }

    /// The code of `message`; nothing where there are no keys.
    static func code(_ algorithm: TokenAlgorithm, of message: Span<UInt8>) -> [UInt8] {
        ring.withLock { $0?.key(algorithm.hash).code(for: message).bytes } ?? []
    }

    /// What a verifier is told of a signature.
    static func accepts(_ algorithm: TokenAlgorithm, _ signature: Span<UInt8>, _ message: Span<UInt8>) -> Bool {
        ring.withLock { $0?.key(algorithm.hash).accepts(signature, of: message) } ?? false
    }
}
