internal import CCurl

extension HTTPFailure.Kind {
    /// The kind of a curl code (libcurl-errors(3)), of a request that was sent or not: curl has one code for a URL
    /// with another scheme and for an answer that is not HTTP.
    init(_ code: CURLcode, isSent: Bool) {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST, CURLE_COULDNT_RESOLVE_PROXY: self = .resolve
        case CURLE_COULDNT_CONNECT: self = .connect
        case CURLE_OPERATION_TIMEDOUT: self = .timeout
        case CURLE_SSL_CONNECT_ERROR, CURLE_PEER_FAILED_VERIFICATION, CURLE_SSL_CACERT_BADFILE, CURLE_SSL_CERTPROBLEM,
            CURLE_SSL_CIPHER, CURLE_SSL_ISSUER_ERROR, CURLE_SSL_INVALIDCERTSTATUS, CURLE_USE_SSL_FAILED:
            self = .tls
        case CURLE_SEND_ERROR, CURLE_RECV_ERROR, CURLE_GOT_NOTHING, CURLE_PARTIAL_FILE: self = .connectionLost
        case CURLE_SEND_FAIL_REWIND: self = .bodySource
        case CURLE_WEIRD_SERVER_REPLY, CURLE_HTTP2, CURLE_BAD_CONTENT_ENCODING:
            self = .malformedResponse
        case CURLE_UNSUPPORTED_PROTOCOL: self = isSent ? .malformedResponse : .invalidRequest
        case CURLE_URL_MALFORMAT: self = .invalidRequest
        default: self = .other
        }
    }
}
