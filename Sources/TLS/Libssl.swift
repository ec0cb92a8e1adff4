internal import COpenSSL

/// libssl's and libcrypto's errors: a queue of each thread's own (https://docs.openssl.org/3.0/man3/ERR_get_error/).
enum Libssl {
    /// "The current thread's error queue must be empty before the TLS/SSL I/O operation is attempted, or
    /// SSL_get_error() will not work reliably" (https://docs.openssl.org/3.0/man3/SSL_get_error/).
    static func clearErrors() { ERR_clear_error() }

    /// The oldest error of the queue in libssl's words, which are constants of the library; the queue is then empty.
    static func takeReason() -> String {
        let code = ERR_peek_error()
        defer { ERR_clear_error() }
        return reason(of: code)
    }

    static func reason(of code: UInt) -> String {
        guard code != 0 else { return "no reason given" }
        guard let text = unsafe ERR_reason_error_string(code) else { return "error \(code)" }
        return unsafe String(cString: text)
    }

    /// Whether the oldest error is that a text holds no (further) PEM block.
    static var isEndOfPEM: Bool {
        let code = ERR_peek_last_error()
        return sluice_err_is_pem(code) == 1 && sluice_err_reason(code) == PEM_R_NO_START_LINE
    }

    /// What the failed call of an engine means.
    static func takeFailure() -> TLSFailure {
        // The last one is libssl's own word for it; before it may stand what libcrypto met.
        let code = ERR_peek_last_error()
        defer { ERR_clear_error() }
        let text = reason(of: code)
        guard sluice_err_is_ssl(code) == 1 else { return .library(text) }
        let reason = sluice_err_reason(code)
        // libssl adds the number of an alert that was received to 1,000 (SSL_AD_REASON_OFFSET).
        if alerts.contains(reason - SSL_AD_REASON_OFFSET) { return .alertReceived(text) }
        switch reason {
        case SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST:
            return .plainHTTP
        case SSL_R_UNSUPPORTED_PROTOCOL, SSL_R_NO_SHARED_CIPHER, SSL_R_NO_SHARED_GROUPS, SSL_R_NO_SUITABLE_KEY_SHARE,
            SSL_R_NO_SHARED_SIGNATURE_ALGORITHMS, SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM, SSL_R_VERSION_TOO_LOW:
            return .nothingInCommon(text)
        case SSL_R_NO_APPLICATION_PROTOCOL:
            return .noApplicationProtocol
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE, SSL_R_CERTIFICATE_VERIFY_FAILED:
            return .clientCertificate(text)
        default:
            return reason >= commonReasons ? .library(text) : .malformed(text)
        }
    }

    /// Alert descriptions are one byte (RFC 8446 § 6).
    private static let alerts: ClosedRange<Int32> = 0 ... 255
    /// Reasons that all libraries share, such as that memory has run out, have a bit above those of libssl's own.
    private static let commonReasons: Int32 = 1 << 18
}
