/// Why the secret could not be fetched, in words that tell the operator what to do. Never holds a secret.
package struct SecretFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// Who has to act.
    package enum Kind: Sendable, Equatable {
        /// There is no such parameter, or no such version of it.
        case parameterNotFound
        /// The role lacks `ssm:GetParameter`.
        case accessDenied
        /// KMS does not decrypt it: rights, or a key that is disabled or gone.
        case encryptionKey
        /// The credentials are missing or wrong.
        case credentials
        /// The credentials have expired.
        case expiredCredentials
        /// Our clock and theirs differ.
        case clock
        /// SSM asks for patience.
        case throttled
        /// No answer.
        case unreachable
        /// SSM says that it failed.
        case service
        /// There is a value, but it cannot be a secret.
        case unusable
        /// An answer that means nothing to us.
        case unreadable
    }

    package let kind: Kind

    /// One line.
    package let description: String

    package init(_ kind: Kind, _ description: String) {
        self.kind = kind
        self.description = description
    }
}
