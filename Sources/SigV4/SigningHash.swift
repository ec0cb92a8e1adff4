/// The 32 bytes of a SHA-256 or of an HMAC-SHA-256.
package typealias SigningDigest = InlineArray<32, UInt8>

/// SHA-256 and HMAC-SHA-256, passed in by a target that links a crypto library.
///
/// An implementation may keep contexts that it works in, so it belongs to one thread.
package protocol SigningHash {
    /// A key of HMAC-SHA-256 that is prepared once and used often.
    associatedtype Key

    /// The SHA-256 of `bytes`.
    func sha256(_ bytes: Span<UInt8>) -> SigningDigest

    /// Prepares `secret`, of any length, as a key.
    func key(_ secret: Span<UInt8>) -> Key

    /// The HMAC-SHA-256 of `message`.
    func code(for message: Span<UInt8>, under key: Key) -> SigningDigest
}

extension SigningDigest {
    /// The first 32 bytes of `bytes`; missing ones are zero.
    package init(copying bytes: Span<UInt8>) {
        self.init { index in index < bytes.count ? bytes[index] : 0 }
    }
}
