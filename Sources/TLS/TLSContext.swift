internal import COpenSSL

/// A certificate chain, the server's own first, with its private key, both in PEM.
package struct TLSKeyPair: Sendable {
    package let certificatesPEM: [UInt8]
    package let privateKeyPEM: [UInt8]

    package init(certificatesPEM: [UInt8], privateKeyPEM: [UInt8]) {
        self.certificatesPEM = certificatesPEM
        self.privateKeyPEM = privateKeyPEM
    }
}

/// What all connections of a listener have in common: one `SSL_CTX`, set up once and shared by the workers.
///
/// TLS 1.2 and 1.3 with forward secrecy and authenticated encryption only. Sessions are resumed by tickets that the
/// client keeps (RFC 5077, RFC 8446 § 4.6.1); the keys of the tickets are made with the context, and go with it.
///
/// Invariant: the pointer is a context with one reference of this object's, given back in `deinit`, and each engine
/// keeps this object; the arguments of the callbacks point to what this object keeps.
///
/// Several threads may use it: libssl itself guards what their connections share ("SSL_CTX objects are safe to use from
/// several threads once set up", https://docs.openssl.org/3.0/man7/ssl/).
@safe package final class TLSContext: @unchecked Sendable {  // Nothing changes it after `init`; libssl guards the rest.
    let pointer: OpaquePointer
    let isServer: Bool
    private let keys: ServerKeys?
    /// By the order of the pairs.
    package let warnings: [TLSCertificateWarning?]

    /// AES-128 first: it is the cheapest by far where the processor has AES, and a client without puts ChaCha20 first
    /// in its own list, which SSL_OP_PRIORITIZE_CHACHA heeds.
    private static let ciphers = """
        ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:\
        ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305
        """
    private static let suites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
    private static let groups = "X25519:P-256:P-384"
    /// 112 bits of security at least (https://docs.openssl.org/3.0/man3/SSL_CTX_set_security_level/).
    private static let securityLevel: Int32 = 2
    /// What a client's chain of certificates may come to: three of RSA 4096 with long names.
    private static let certificateListBytesMax = 32_768
    /// Sessions are bound to it: one of another service, or of another setting, is not resumed here.
    private static let sessionContext: [UInt8] = Array("sluice".utf8)

    /// A server's. With `clientAuthoritiesPEM` only clients with a certificate of one of these are served.
    ///
    /// `onPair` hears which of the pairs is being worked on, for the message where it is thrown.
    package init(
        pairs: [TLSKeyPair], clientAuthoritiesPEM: [UInt8]? = nil, onPair: (Int) -> Void = { _ in }
    ) throws(TLSContextError) {
        guard !pairs.isEmpty else { throw .noPairs }
        var loaded: [CertifiedKey] = []
        for (index, pair) in pairs.enumerated() {
            onPair(index)
            loaded.append(try CertifiedKey(pair))
        }
        warnings = loaded.map(\.certificate.warning)
        let keys = ServerKeys(loaded)
        self.keys = keys
        isServer = true
        unsafe pointer = try Self.make(TLS_server_method())
        try configure()
        let context = unsafe pointer
        for (index, pair) in loaded.enumerated().reversed() {
            onPair(index)
            guard unsafe pair.install(in: context) else { throw .pairRefused(Libssl.takeReason()) }
        }
        unsafe sluice_ssl_ctx_set_cache_off(context)
        let id = Self.sessionContext
        guard unsafe SSL_CTX_set_session_id_context(context, id, UInt32(id.count)) == 1
        else { throw .library(Libssl.takeReason()) }
        unsafe sluice_ssl_ctx_set_name_function(context, chooseByName, Unmanaged.passUnretained(keys).toOpaque())
        unsafe SSL_CTX_set_alpn_select_cb(context, chooseProtocol, nil)
        if let clientAuthoritiesPEM { try require(clientAuthorities: clientAuthoritiesPEM) }
    }

    /// A client's, see ``client(trusting:pair:versions:)``.
    init(clientWith pair: TLSKeyPair?) throws(TLSContextError) {
        keys = nil
        warnings = []
        isServer = false
        unsafe pointer = try Self.make(TLS_client_method())
        if let pair {
            guard unsafe try CertifiedKey(pair).install(in: pointer) else { throw .pairRefused(Libssl.takeReason()) }
        }
    }

    deinit { unsafe SSL_CTX_free(pointer) }

    private static func make(_ method: OpaquePointer?) throws(TLSContextError) -> OpaquePointer {
        Libssl.clearErrors()
        guard let made = unsafe SSL_CTX_new(method) else { throw .library(Libssl.takeReason()) }
        // RELEASE_BUFFERS: "saves around 34k per idle SSL connection",
        // https://docs.openssl.org/3.0/man3/SSL_CTX_set_mode/.
        unsafe sluice_ssl_ctx_set_mode(made, Int(SSL_MODE_RELEASE_BUFFERS))
        return unsafe made
    }

    private func configure() throws(TLSContextError) {
        unsafe SSL_CTX_set_options(pointer, sluice_ssl_options())
        unsafe SSL_CTX_set_security_level(pointer, Self.securityLevel)
        unsafe sluice_ssl_ctx_set_certificate_list_max(pointer, Self.certificateListBytesMax)
        guard unsafe sluice_ssl_ctx_set_versions(pointer, TLS1_2_VERSION, TLS1_3_VERSION) == 1,
            unsafe SSL_CTX_set_cipher_list(pointer, Self.ciphers) == 1,
            unsafe SSL_CTX_set_ciphersuites(pointer, Self.suites) == 1,
            unsafe sluice_ssl_ctx_set_groups(pointer, Self.groups) == 1,
            // No early data: a request in it could be replayed by whoever saw it (RFC 8446 § 8).
            unsafe SSL_CTX_set_max_early_data(pointer, 0) == 1
        else { throw .library(Libssl.takeReason()) }
    }

    private func require(clientAuthorities text: [UInt8]) throws(TLSContextError) {
        let authorities: [Certificate]
        do {
            authorities = try PEM.certificates(text)
        } catch {
            guard case .certificateUnreadable(let reason) = error else { throw error }
            throw .clientAuthorityUnreadable(reason)
        }
        guard !authorities.isEmpty else { throw .clientAuthorityNotPEM }
        trust(authorities)
        let names = unsafe sluice_x509_names_new()
        for authority in authorities {
            // The names tell clients which of their certificates would do (RFC 8446 § 4.2.4).
            if let name = unsafe X509_NAME_dup(X509_get_subject_name(authority.pointer)) {
                _ = unsafe sluice_x509_names_push(names, name)
            }
        }
        unsafe SSL_CTX_set_client_CA_list(pointer, names)
        unsafe SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
    }

    func trust(_ authorities: [Certificate]) {
        let store = unsafe SSL_CTX_get_cert_store(pointer)
        for authority in authorities {
            // One that is there twice is no error (https://docs.openssl.org/3.0/man3/X509_STORE_add_cert/).
            _ = unsafe X509_STORE_add_cert(store, authority.pointer)
        }
    }
}

/// The pairs of a server, for the choice by name.
final class ServerKeys {
    private let pairs: [CertifiedKey]

    init(_ pairs: [CertifiedKey]) { self.pairs = pairs }

    /// Gives a connection the pairs whose certificate is for `host`, one for each kind of key; false: none is, and the
    /// first stays.
    func choose(for host: UnsafePointer<CChar>, on ssl: OpaquePointer) -> Bool {
        let fitting = pairs.filter { unsafe $0.certificate.isFor(host: host) }
        guard !fitting.isEmpty else { return false }
        // The context's own, and whatever else is of the same kind, would be chosen otherwise.
        unsafe SSL_certs_clear(ssl)
        var isInstalled = false
        for pair in fitting.reversed() where unsafe pair.install(on: ssl) { isInstalled = true }
        return isInstalled
    }
}

/// Chooses the certificate by the name that the client asks for (RFC 6066 § 3). An unknown name gets the first and no
/// acknowledgement. https://docs.openssl.org/3.0/man3/SSL_CTX_set_tlsext_servername_callback/
private func chooseByName(
    _ ssl: OpaquePointer?, _ alert: UnsafeMutablePointer<Int32>?, _ argument: UnsafeMutableRawPointer?
) -> Int32 {
    guard let ssl = unsafe ssl, let argument = unsafe argument,
        let host = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name)
    else { return SSL_TLSEXT_ERR_NOACK }
    let keys = unsafe Unmanaged<ServerKeys>.fromOpaque(argument).takeUnretainedValue()
    defer { Libssl.clearErrors() }
    return unsafe keys.choose(for: host, on: ssl) ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_NOACK
}

/// Chooses `http/1.1` of the protocols that the client offers, each with its length in a byte before it
/// (RFC 7301 § 3.1); without it the handshake ends with no_application_protocol.
/// https://docs.openssl.org/3.0/man3/SSL_CTX_set_alpn_select_cb/
private func chooseProtocol(
    _ ssl: OpaquePointer?, _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    _ chosenBytes: UnsafeMutablePointer<UInt8>?, _ offered: UnsafePointer<UInt8>?, _ offeredBytes: UInt32,
    _ argument: UnsafeMutableRawPointer?
) -> Int32 {
    guard let chosen = unsafe chosen, let chosenBytes = unsafe chosenBytes, let offered = unsafe offered
    else { return SSL_TLSEXT_ERR_ALERT_FATAL }
    let list = unsafe UnsafeBufferPointer(start: offered, count: Int(offeredBytes))
    var index = 0
    while index < list.count {
        let length = Int(unsafe list[index])
        let start = index + 1
        index = start + length
        guard index <= list.count else { break }
        if unsafe list[start ..< index].elementsEqual("http/1.1".utf8) {
            // "out" may point into "in".
            unsafe chosen.pointee = offered + start
            unsafe chosenBytes.pointee = UInt8(length)
            return SSL_TLSEXT_ERR_OK
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
}
