/// Why a connection's TLS came to nothing. Says whose fault it is as far as that can be known, and names no secret:
/// what the peer sent is never in it.
package enum TLSFailure: Error, Equatable, Sendable {
    /// The peer speaks plain HTTP.
    case plainHTTP
    /// The peer knows no version, cipher suite, group or signature algorithm that we would take.
    case nothingInCommon(String)
    /// The peer offers protocols by ALPN, and `http/1.1` is not among them (RFC 7301 § 3.2).
    case noApplicationProtocol
    /// A client certificate was asked for, and none came or it is not to be trusted.
    case clientCertificate(String)
    /// The server's certificate is not to be trusted, or not for the name that was asked for.
    case serverCertificate(String)
    /// The peer ended it with an alert of its own (RFC 8446 § 6): it may not trust our certificate.
    case alertReceived(String)
    /// What the peer sent is not TLS, or breaks its rules.
    case malformed(String)
    /// libssl could not go on, through no fault of the peer's.
    case library(String)

    /// libssl's own words, for an operator.
    package var detail: String {
        switch self {
        case .plainHTTP: "the other end speaks plain HTTP"
        case .noApplicationProtocol: "the other end does not offer http/1.1"
        case .serverCertificate(let text): "the server's certificate is refused: \(text)"
        case .nothingInCommon(let text), .clientCertificate(let text), .alertReceived(let text), .malformed(let text),
            .library(let text):
            text
        }
    }

    /// A word for a metric's label.
    package var label: String {
        switch self {
        case .plainHTTP: "plain_http"
        case .nothingInCommon: "nothing_in_common"
        case .noApplicationProtocol: "no_application_protocol"
        case .clientCertificate: "client_certificate"
        case .serverCertificate: "server_certificate"
        case .alertReceived: "alert_received"
        case .malformed: "malformed"
        case .library: "library"
        }
    }
}

/// Where an engine stands after a call.
package enum TLSProgress: Equatable, Sendable {
    /// The handshake is not complete; more of the peer's bytes are needed.
    case handshaking
    /// Data can flow both ways.
    case established
    /// The peer said by close_notify that it sends no more (RFC 8446 § 6.1); we still may.
    case closedByPeer
    /// Nothing more comes of it. An alert for the peer may have been appended to the output.
    case failed(TLSFailure)
}
