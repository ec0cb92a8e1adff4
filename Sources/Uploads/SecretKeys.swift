internal import AWS
internal import Crypto
internal import Tokens

/// The secrets that tokens may be signed with, as keys whose pads are already hashed: the current one, and for a time
/// after a rotation the one before.
struct SecretKeys {
    private let current: KeySet
    private let previous: KeySet?
    /// Moment of the monotonic clock, in milliseconds, from which the previous secret is not accepted any more.
    private let previousUntil: Int64

    init(_ snapshot: SecretSnapshot) {
        current = KeySet(secret: snapshot.current)
        previous = snapshot.previous.map(KeySet.init)
        previousUntil = snapshot.previousUntil
    }

    /// Whether `signature` is the MAC of `signingInput` with one of the secrets, compared in constant time.
    func accepts(
        _ algorithm: TokenAlgorithm, _ signature: Span<UInt8>, _ signingInput: Span<UInt8>, now: Int64
    ) -> Bool {
        if current.key(for: algorithm).accepts(signature, of: signingInput) { return true }
        guard let previous, now < previousUntil else { return false }
        return previous.key(for: algorithm).accepts(signature, of: signingInput)
    }

    private struct KeySet {
        private let hs256: HMACKey
        private let hs384: HMACKey
        private let hs512: HMACKey

        init(secret: TokenSecret) {
            hs256 = HMACKey(algorithm: .sha256, key: secret.bytes.span)
            hs384 = HMACKey(algorithm: .sha384, key: secret.bytes.span)
            hs512 = HMACKey(algorithm: .sha512, key: secret.bytes.span)
        }

        func key(for algorithm: TokenAlgorithm) -> HMACKey {
            switch algorithm {
            case .hs256: hs256
            case .hs384: hs384
            case .hs512: hs512
            }
        }
    }
}
