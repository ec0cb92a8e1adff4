internal import COpenSSL

/// One `EVP_MD_CTX`.
///
/// Invariant: the pointer is a context of its own, made in `init`, freed in `deinit`, and never handed out.
@safe struct DigestContext: ~Copyable {
    private let pointer: OpaquePointer
    private let algorithm: HashAlgorithm

    /// A context at the beginning of a message.
    init(_ algorithm: HashAlgorithm) {
        guard let pointer = unsafe EVP_MD_CTX_new() else { Libcrypto.fail("EVP_MD_CTX_new") }
        unsafe self.pointer = pointer
        self.algorithm = algorithm
        restart()
    }

    deinit { unsafe EVP_MD_CTX_free(pointer) }

    /// Forgets the message so far.
    func restart() {
        Libcrypto.require(unsafe EVP_DigestInit_ex2(pointer, algorithm.fetched.pointer, nil), "EVP_DigestInit_ex2")
    }

    /// Goes on from where `other`, of the same algorithm, stands.
    func resume(from other: borrowing DigestContext) {
        Libcrypto.require(unsafe EVP_MD_CTX_copy_ex(pointer, other.pointer), "EVP_MD_CTX_copy_ex")
    }

    /// Takes the next bytes of the message.
    func update(_ bytes: Span<UInt8>) {
        Libcrypto.require(
            unsafe bytes.withUnsafeBytes { unsafe EVP_DigestUpdate(pointer, $0.baseAddress, $0.count) },
            "EVP_DigestUpdate")
    }

    /// The digest of the message. The context is used up until ``restart()`` or ``resume(from:)``.
    func finish() -> Digest {
        unsafe Digest(algorithm) { output in
            Libcrypto.require(unsafe EVP_DigestFinal_ex(pointer, output, nil), "EVP_DigestFinal_ex")
        }
    }
}
