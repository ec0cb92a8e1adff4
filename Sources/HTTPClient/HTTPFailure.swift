/// Why there is no answer.
package struct HTTPFailure: Error, Sendable, CustomStringConvertible {
    package enum Kind: Sendable {
        /// The name of the server could not be resolved.
        case resolve
        /// No connection.
        case connect
        /// The TLS handshake failed, or the certificate is not trusted.
        case tls
        /// A deadline of the request passed.
        case timeout
        /// The connection ended, or was reset, before the answer was whole.
        case connectionLost
        /// The answer is not HTTP, or its fields pass the bound.
        case malformedResponse
        /// The answer's body passes the request's bound.
        case responseTooLarge
        /// The body's source failed, ended early, or could not be rewound.
        case bodySource
        /// The request cannot be sent as it is.
        case invalidRequest
        /// The client is closed, or has as many transfers as it may.
        case unavailable
        /// Anything else.
        case other
    }

    package let kind: Kind
    /// One line for the operator; never a field or a body.
    package let detail: String
    /// Whether a byte of the request may have reached the server, the last time that it was sent: of times before that
    /// one, ``HTTPTransfer/sendCount`` tells.
    package let requestSent: Bool
    /// Whether the whole body was handed to the connection then (true without a body once the request was sent).
    package let bodySent: Bool

    package init(kind: Kind, detail: String, requestSent: Bool = false, bodySent: Bool = false) {
        self.kind = kind
        self.detail = detail
        self.requestSent = requestSent
        self.bodySent = bodySent
    }

    package var description: String { detail }
}
