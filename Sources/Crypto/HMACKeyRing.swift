/// One secret as a key of each member of SHA-2, for signatures whose algorithm the message names.
///
/// Not `Sendable`, as ``HMACKey`` is not.
package final class HMACKeyRing {
    private let sha256: HMACKey
    private let sha384: HMACKey
    private let sha512: HMACKey

    /// The keys of `secret`, or nil where it is empty: what everybody knows must not verify anything.
    package init?(secret: Span<UInt8>) {
        guard !secret.isEmpty else { return nil }
        sha256 = HMACKey(algorithm: .sha256, key: secret)
        sha384 = HMACKey(algorithm: .sha384, key: secret)
        sha512 = HMACKey(algorithm: .sha512, key: secret)
    }

    package func key(_ algorithm: HashAlgorithm) -> HMACKey {
        switch algorithm {
        case .sha256: sha256
        case .sha384: sha384
        case .sha512: sha512
        }
    }
}
