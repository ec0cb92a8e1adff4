internal import COpenSSL

/// HMAC as libcrypto itself makes it, for a key that is used once; ``HMACKey`` is for one that stays.
package enum HMAC {
    /// The code of `message`: `algorithm.digestBytes` bytes (https://docs.openssl.org/3.0/man3/EVP_MAC/, `EVP_Q_mac`).
    package static func code(_ algorithm: HashAlgorithm, key: Span<UInt8>, for message: Span<UInt8>) -> Digest {
        unsafe Digest(algorithm) { output in
            let made = unsafe key.withUnsafeBytes { key in
                unsafe message.withUnsafeBufferPointer { message in
                    unsafe EVP_Q_mac(
                        nil, "HMAC", nil, algorithm.fetchName, nil, key.baseAddress, key.count, message.baseAddress,
                        message.count, output, algorithm.digestBytes, nil)
                }
            }
            guard unsafe made != nil else { Libcrypto.fail("EVP_Q_mac") }
        }
    }
}
