internal import CCurl

/// Why there is no connection.
package struct DialFailure: Error, Equatable, Sendable {
    package enum Kind: Sendable {
        /// The name of the server could not be resolved.
        case resolve
        /// No address of it could be connected to.
        case connect
        /// The time was over.
        case timeout
        /// The host is not one.
        case invalidHost
        /// Anything else that curl says.
        case other
    }

    package let kind: Kind
    /// One line for the operator, in curl's own words.
    package let detail: String
}

extension DialFailure.Kind {
    /// The kind of a curl code (libcurl-errors(3)).
    init(_ code: CURLcode) {
        switch code {
        case CURLE_COULDNT_RESOLVE_HOST: self = .resolve
        case CURLE_COULDNT_CONNECT: self = .connect
        case CURLE_OPERATION_TIMEDOUT: self = .timeout
        case CURLE_URL_MALFORMAT: self = .invalidHost
        default: self = .other
        }
    }
}
