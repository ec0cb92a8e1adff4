/// Why bytes are no shared secret; for the one line that stops the start.
package enum TokenSecretFlaw: Error, Equatable, CustomStringConvertible {
    /// Everybody knows the empty secret.
    case empty
    /// PEM text of a key or a certificate: a public one is known to everybody, and taking it for the secret of HS256
    /// is the algorithm confusion of RFC 8725 § 2.1.
    case key

    package var description: String {
        switch self {
        case .empty: "the token secret is empty"
        case .key: "the token secret is a PEM key or certificate, not a secret that is shared with the issuer"
        }
    }
}
