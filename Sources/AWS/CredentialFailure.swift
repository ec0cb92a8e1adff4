/// Why there are no credentials, in words that tell the operator what to do. Never holds a secret.
package struct CredentialFailure: Error, Equatable, Sendable, CustomStringConvertible {
    package enum Kind: Sendable, Equatable {
        /// Nothing is fetched yet.
        case waiting
        /// No source is configured.
        case nowhere
        /// A file cannot be read, or does not say what it must.
        case file
        /// A source answers no.
        case refused
        /// A source does not answer.
        case unreachable
        /// A source's answer means nothing to us.
        case unreadable
        /// What a source hands out is past its time.
        case expired
    }

    package let kind: Kind

    /// One line.
    package let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }

    static let waiting = CredentialFailure(.waiting, "waiting for AWS credentials")
}
