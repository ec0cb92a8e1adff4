internal import COpenSSL

/// Certificates and keys in PEM (RFC 7468), from bytes that are there already.
enum PEM {
    /// The certificates of a file in its order, text around the blocks being passed over.
    static func certificates(_ bytes: [UInt8]) throws(TLSContextError) -> [Certificate] {
        guard let source = MemoryBIO(bytes) else { throw .library(Libssl.takeReason()) }
        var found: [Certificate] = []
        Libssl.clearErrors()
        while let pointer = unsafe PEM_read_bio_X509(source.pointer, nil, nil, nil) {
            found.append(unsafe Certificate(adopting: pointer))
        }
        guard Libssl.isEndOfPEM else { throw .certificateUnreadable(Libssl.takeReason()) }
        Libssl.clearErrors()
        return found
    }

    /// The first private key of a file. Never asks on the terminal for a pass phrase, as libcrypto would by itself.
    static func privateKey(_ bytes: [UInt8]) throws(TLSContextError) -> PrivateKey {
        guard let source = MemoryBIO(bytes) else { throw .library(Libssl.takeReason()) }
        var wasAsked: Int32 = 0
        Libssl.clearErrors()
        let pointer = unsafe withUnsafeMutablePointer(to: &wasAsked) { flag in
            unsafe PEM_read_bio_PrivateKey(
                source.pointer, nil,
                { _, _, _, argument in
                    unsafe argument?.assumingMemoryBound(to: Int32.self).pointee = 1
                    return -1
                }, flag)
        }
        if let pointer = unsafe pointer { return unsafe PrivateKey(adopting: pointer) }
        let reason = Libssl.takeReason()
        throw wasAsked == 1 ? .keyIsEncrypted : .keyNotPEM(reason)
    }
}

/// A `BIO` that reads bytes.
///
/// Invariant: the pointer is a BIO of its own over a copy of the bytes, freed with the copy in `deinit`.
@safe private final class MemoryBIO {
    let pointer: OpaquePointer
    private let bytes: UnsafeMutableBufferPointer<UInt8>

    init?(_ text: [UInt8]) {
        unsafe bytes = .allocate(capacity: max(text.count, 1))
        for (index, byte) in text.enumerated() { unsafe bytes[index] = byte }
        // "The memory buffer is not copied" (https://docs.openssl.org/3.0/man3/BIO_s_mem/, BIO_new_mem_buf).
        guard let pointer = unsafe BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: text.count)) else {
            unsafe bytes.deallocate()
            return nil
        }
        unsafe self.pointer = pointer
    }

    deinit {
        unsafe BIO_free(pointer)
        // It may have been a private key.
        unsafe OPENSSL_cleanse(bytes.baseAddress, bytes.count)
        unsafe bytes.deallocate()
    }
}

/// One `X509`.
///
/// Invariant: the pointer is a certificate that this object has one reference to, given back in `deinit`.
@safe final class Certificate {
    let pointer: OpaquePointer

    init(adopting pointer: OpaquePointer) { unsafe self.pointer = pointer }

    deinit { unsafe X509_free(pointer) }

    /// Whether the certificate is for this host, by its alternative names (RFC 6125; wildcards as there).
    /// https://docs.openssl.org/3.0/man3/X509_check_host/
    func isFor(host: UnsafePointer<CChar>) -> Bool {
        unsafe X509_check_host(pointer, host, 0, 0, nil) == 1
    }

    /// What its dates say now.
    var warning: TLSCertificateWarning? {
        // nil as the time is now; negative: the date lies before it (https://docs.openssl.org/3.0/man3/X509_cmp_time/).
        if unsafe X509_cmp_time(X509_get0_notAfter(pointer), nil) < 0 { return .expired }
        if unsafe X509_cmp_time(X509_get0_notBefore(pointer), nil) > 0 { return .notYetValid }
        return nil
    }
}

/// One `EVP_PKEY`.
///
/// Invariant: the pointer is a key that this object has one reference to, given back in `deinit`.
@safe final class PrivateKey {
    let pointer: OpaquePointer

    init(adopting pointer: OpaquePointer) { unsafe self.pointer = pointer }

    deinit { unsafe EVP_PKEY_free(pointer) }

    func fits(_ certificate: Certificate) -> Bool {
        defer { Libssl.clearErrors() }
        return unsafe X509_check_private_key(certificate.pointer, pointer) == 1
    }
}

/// A certificate with its key and the certificates between it and an authority that clients know.
///
/// Invariant: `chain` is a stack of its own, whose entries have a reference each; all is given back in `deinit`.
@safe final class CertifiedKey {
    let certificate: Certificate
    let key: PrivateKey
    private let chain: OpaquePointer

    init(_ pair: TLSKeyPair) throws(TLSContextError) {
        let certificates = try PEM.certificates(pair.certificatesPEM)
        guard let first = certificates.first else { throw .certificateNotPEM }
        let key = try PEM.privateKey(pair.privateKeyPEM)
        guard key.fits(first) else { throw .keyDoesNotFit }
        guard let stack = unsafe sluice_x509_stack_new() else { throw .library(Libssl.takeReason()) }
        for certificate in certificates.dropFirst() {
            _ = unsafe X509_up_ref(certificate.pointer)
            _ = unsafe sluice_x509_stack_push(stack, certificate.pointer)
        }
        certificate = first
        self.key = key
        unsafe chain = stack
    }

    deinit { unsafe sluice_x509_stack_free(chain) }

    /// Has the context serve with it.
    func install(in context: OpaquePointer) -> Bool {
        unsafe SSL_CTX_use_cert_and_key(context, certificate.pointer, key.pointer, chain, 1) == 1
    }

    /// Has one connection serve with it.
    func install(on ssl: OpaquePointer) -> Bool {
        unsafe SSL_use_cert_and_key(ssl, certificate.pointer, key.pointer, chain, 1) == 1
    }
}
