internal import Bytes
internal import COpenSSL

package enum TLSVersion: Sendable, CaseIterable {
    case tls10, tls11, tls12, tls13

    var number: Int32 {
        switch self {
        case .tls10: TLS1_VERSION
        case .tls11: TLS1_1_VERSION
        case .tls12: TLS1_2_VERSION
        case .tls13: TLS1_3_VERSION
        }
    }
}

/// Whose word a client takes for a server's name.
package enum TLSAuthorities: Equatable, Sendable {
    /// The system's (https://docs.openssl.org/3.0/man3/SSL_CTX_load_verify_locations/: the default paths, which
    /// `SSL_CERT_FILE` and `SSL_CERT_DIR` change).
    case system
    /// Those in this file alone, in PEM.
    case file(String)
}

/// The other end.
extension TLSContext {
    /// For requests to servers of others: TLS 1.2 or 1.3, `http/1.1` by ALPN.
    package static func client(of authorities: TLSAuthorities) throws(TLSContextError) -> TLSContext {
        let context = try TLSContext(clientWith: nil)
        let pointer = unsafe context.pointer
        unsafe SSL_CTX_set_options(pointer, sluice_ssl_options())
        switch authorities {
        case .system:
            guard unsafe SSL_CTX_set_default_verify_paths(pointer) == 1 else { throw .library(Libssl.takeReason()) }
        case .file(let path):
            guard unsafe SSL_CTX_load_verify_file(pointer, path) == 1
            else { throw .authoritiesUnreadable(path: path, reason: Libssl.takeReason()) }
        }
        try context.connect(with: .tls12 ... .tls13, ["http/1.1"])
        return context
    }

    /// For clients of our own, which load and test a server: it speaks whatever it is told to.
    ///
    /// Trusts servers of these authorities alone and shows them `pair`, offers these versions and these protocols.
    package static func client(
        trusting authoritiesPEM: [UInt8], pair: TLSKeyPair? = nil,
        versions: ClosedRange<TLSVersion> = .tls12 ... .tls13, protocols: [String] = ["http/1.1"]
    ) throws(TLSContextError) -> TLSContext {
        let context = try TLSContext(clientWith: pair)
        let pointer = unsafe context.pointer
        // Versions before 1.2 need SHA-1, which level 0 alone has.
        if versions.lowerBound < .tls12 { unsafe SSL_CTX_set_security_level(pointer, 0) }
        let authorities = try PEM.certificates(authoritiesPEM)
        guard !authorities.isEmpty else { throw .certificateNotPEM }
        context.trust(authorities)
        try context.connect(with: versions, protocols)
        return context
    }

    /// What is the same for all clients: a server has to show a certificate that is trusted.
    private func connect(with versions: ClosedRange<TLSVersion>, _ protocols: [String]) throws(TLSContextError) {
        guard
            unsafe sluice_ssl_ctx_set_versions(pointer, versions.lowerBound.number, versions.upperBound.number) == 1
        else { throw .library(Libssl.takeReason()) }
        unsafe SSL_CTX_set_verify(pointer, SSL_VERIFY_PEER, nil)
        let offer = protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        // 0 is success here (https://docs.openssl.org/3.0/man3/SSL_CTX_set_alpn_select_cb/).
        guard unsafe offer.isEmpty || SSL_CTX_set_alpn_protos(pointer, offer, UInt32(offer.count)) == 0
        else { throw .library(Libssl.takeReason()) }
    }
}

extension TLSVersion: Comparable {
    package static func < (left: TLSVersion, right: TLSVersion) -> Bool { left.number < right.number }
}

/// What a client keeps of a connection to take up its session with the next.
///
/// Invariant: the pointer is a session that this object has one reference to, given back in `deinit`.
@safe package final class TLSClientSession {
    let pointer: OpaquePointer

    init(adopting pointer: OpaquePointer) { unsafe self.pointer = pointer }

    deinit { unsafe SSL_SESSION_free(pointer) }

    /// Whether the server has given a ticket for it.
    package var hasTicket: Bool { unsafe SSL_SESSION_has_ticket(pointer) == 1 }
}

extension TLSEngine {
    /// A client's, that asks for `host` and checks that the certificate is for it; nil: no name is sent and none
    /// checked. nil as the result: there is no memory for it.
    ///
    /// - Parameter host: a name, or an address without brackets, which is not sent (RFC 6066 § 3).
    package static func client(
        _ context: TLSContext, host: String?, resuming session: TLSClientSession? = nil
    ) -> TLSEngine? {
        guard let engine = TLSEngine(context) else { return nil }
        if let host {
            // `w*.example` is no name that an authority may certify (RFC 6125 § 6.4.3).
            unsafe SSL_set_hostflags(engine.ssl, UInt32(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
            let isAddress = IPAddress(parsing: host) != nil
            guard unsafe isAddress || sluice_ssl_set_host_name(engine.ssl, host) == 1,
                unsafe SSL_set1_host(engine.ssl, host) == 1
            else { return nil }
        }
        if let session { unsafe SSL_set_session(engine.ssl, session.pointer) }
        return engine
    }

    /// Begins: appends the ClientHello.
    package func begin(output: inout [UInt8]) { handshake(&output) }

    /// The session as it stands now. With TLS 1.3 the ticket comes after the handshake (RFC 8446 § 4.6.1).
    package func session() -> TLSClientSession? {
        guard let pointer = unsafe SSL_get1_session(ssl) else { return nil }
        return unsafe TLSClientSession(adopting: pointer)
    }

    package var isResumed: Bool { unsafe SSL_session_reused(ssl) == 1 }

    package var version: TLSVersion? {
        let number = unsafe SSL_version(ssl)
        return TLSVersion.allCases.first { $0.number == number }
    }

    /// The protocol that was chosen by ALPN; empty: none.
    package var applicationProtocol: String {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        unsafe SSL_get0_alpn_selected(ssl, &name, &count)
        return unsafe String(decoding: UnsafeBufferPointer(start: name, count: Int(count)), as: UTF8.self)
    }

    /// Asks for a handshake within the connection: TLS 1.2 knows that, and it has been the way of attacks.
    package func renegotiate(output: inout [UInt8]) {
        unsafe SSL_renegotiate(ssl)
        handshake(&output)
    }

    /// Changes our keys and asks the peer to change its own (RFC 8446 § 4.6.3).
    package func updateKeys(output: inout [UInt8]) {
        unsafe SSL_key_update(ssl, SSL_KEY_UPDATE_REQUESTED)
        handshake(&output)
    }

    private func handshake(_ output: inout [UInt8]) {
        exchange(Span<UInt8>(), &output) { _ = unsafe SSL_do_handshake(ssl) }
    }
}
