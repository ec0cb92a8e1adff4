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

/// HMAC as libcrypto itself makes it, for a key that stays: another way to what ``HMACKey`` makes, to hold against it.
///
/// Invariant: the pointer is an `EVP_MAC_CTX` of its own that holds the key, made in `init`, freed in `deinit`, and
/// never handed out. Not `Sendable`: it is worked on in place.
@safe package final class HMACContext {
    private let pointer: OpaquePointer
    private let algorithm: HashAlgorithm

    /// A key of at least one byte: libcrypto takes none at all for "the key that you have".
    package init(_ algorithm: HashAlgorithm, key: Span<UInt8>) {
        self.algorithm = algorithm
        guard let mac = unsafe EVP_MAC_fetch(nil, "HMAC", nil) else { Libcrypto.fail("EVP_MAC_fetch") }
        // The context counts itself among the users of what was fetched.
        defer { unsafe EVP_MAC_free(mac) }
        guard let pointer = unsafe EVP_MAC_CTX_new(mac) else { Libcrypto.fail("EVP_MAC_CTX_new") }
        unsafe self.pointer = pointer
        Libcrypto.require(unsafe Self.start(pointer, algorithm, key), "EVP_MAC_init")
    }

    deinit { unsafe EVP_MAC_CTX_free(pointer) }

    /// Gives a context its key. Both texts of the parameter are read where they stand, so they outlive the call.
    private static func start(_ pointer: OpaquePointer, _ algorithm: HashAlgorithm, _ key: Span<UInt8>) -> CInt {
        let label = "digest".utf8CString
        var name = algorithm.fetchName.utf8CString
        return unsafe label.withUnsafeBufferPointer { label in
            unsafe name.withUnsafeMutableBufferPointer { name in
                unsafe key.withUnsafeBufferPointer { key in
                    let parameters = unsafe [
                        OSSL_PARAM_construct_utf8_string(label.baseAddress, name.baseAddress, 0),
                        OSSL_PARAM_construct_end(),
                    ]
                    return unsafe EVP_MAC_init(pointer, key.baseAddress, key.count, parameters)
                }
            }
        }
    }

    /// The code of `message`: `algorithm.digestBytes` bytes. Without a key, `EVP_MAC_init` begins anew with the one it
    /// has (https://docs.openssl.org/3.0/man3/EVP_MAC/).
    package func code(for message: Span<UInt8>) -> Digest {
        Libcrypto.require(unsafe EVP_MAC_init(pointer, nil, 0, nil), "EVP_MAC_init")
        Libcrypto.require(
            unsafe message.withUnsafeBufferPointer { unsafe EVP_MAC_update(pointer, $0.baseAddress, $0.count) },
            "EVP_MAC_update")
        return unsafe Digest(algorithm) { output in
            Libcrypto.require(unsafe EVP_MAC_final(pointer, output, nil, algorithm.digestBytes), "EVP_MAC_final")
        }
    }
}
