internal import Crypto
internal import FuzzPlain
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

    /// The same secret in libcrypto's own hands, by the names that headers give (RFC 7518 § 3.1).
    private static let others = Mutex(othersMade())

    private static func othersMade() -> sending [(name: String, HMACContext)] {
        let secret = TokenVerify.secret
        return [
            ("HS256", HMACContext(.sha256, key: secret.span)), ("HS384", HMACContext(.sha384, key: secret.span)),
            ("HS512", HMACContext(.sha512, key: secret.span)),
        ]
    }

    /// libcrypto's own code of `message`; nil where no algorithm of HMAC has that name.
    static func otherCode(_ name: String, of message: Span<UInt8>) -> Digest? {
        others.withLock { others in
            for (known, context) in others where known == name { return context.code(for: message) }
            return nil
        }
    }

    /// Appends the code of what `output` holds, behind a dot and encoded.
    static func sign(_ output: inout [UInt8], _ algorithm: TokenAlgorithm) {
        let code = ring.withLock { $0?.key(algorithm.hash).code(for: output.span) }
        output.append(UInt8(ascii: "."))
        if let code { PlainBase64.append(code.span, to: &output) }
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
