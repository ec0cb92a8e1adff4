internal import COpenSSL

/// Comparison whose duration says nothing about where two values differ.
package enum ConstantTime {
    /// Whether the bytes are the same. Their counts are no secret: different ones answer at once.
    package static func equal(_ left: Span<UInt8>, _ right: Span<UInt8>) -> Bool {
        guard left.count == right.count else { return false }
        return unsafe left.withUnsafeBytes { left in
            unsafe right.withUnsafeBytes { right in
                unsafe CRYPTO_memcmp(left.baseAddress, right.baseAddress, left.count) == 0
            }
        }
    }
}
