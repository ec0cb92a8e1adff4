internal import AWS
internal import Crypto
internal import Tokens

/// The secrets that tokens may be signed with, as keys whose pads are already hashed: the current one, and for a time
/// after a rotation the one before.
struct SecretKeys {
    /// nil only for an empty secret, of which there is none: nothing is accepted then.
    private let current: HMACKeyRing?
    private let previous: HMACKeyRing?
    /// Moment of the monotonic clock, in milliseconds, from which the previous secret is not accepted any more.
    private let previousUntil: Int64

    init(_ snapshot: SecretSnapshot) {
        current = HMACKeyRing(secret: snapshot.current.bytes.span)
        previous = snapshot.previous.flatMap { HMACKeyRing(secret: $0.bytes.span) }
        previousUntil = snapshot.previousUntil
    }

    /// A new token, signed with the current secret by HS256.
    func compact(subject: String, role: String, issuedAt: Int64, expiresAt: Int64) -> String? {
        guard let current else { return nil }
        return TokenMint.compact(subject: subject, role: role, issuedAt: issuedAt, expiresAt: expiresAt) {
            current.key(HashAlgorithm($0)).code(for: $1).bytes
        }
    }

    /// Whether `signature` is the MAC of `signingInput` with one of the secrets, compared in constant time.
    func accepts(
        _ algorithm: TokenAlgorithm, _ signature: Span<UInt8>, _ signingInput: Span<UInt8>, now: Int64
    ) -> Bool {
        let hash = HashAlgorithm(algorithm)
        if let current, current.key(hash).accepts(signature, of: signingInput) { return true }
        guard let previous, now < previousUntil else { return false }
        return previous.key(hash).accepts(signature, of: signingInput)
    }
}
