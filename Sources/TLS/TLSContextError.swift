/// Why certificates and keys cannot be used: a line for the operator, who can do something about each.
package enum TLSContextError: Error, Equatable, Sendable, CustomStringConvertible {
    case noPairs
    /// The file of certificates holds no PEM block of one.
    case certificateNotPEM
    /// One of the blocks of the file of certificates cannot be read.
    case certificateUnreadable(String)
    case keyNotPEM(String)
    case keyIsEncrypted
    case keyDoesNotFit
    /// libssl does not want them, such as a key of fewer than 112 bits of security.
    case pairRefused(String)
    case clientAuthorityNotPEM
    case clientAuthorityUnreadable(String)
    /// The file of authorities that servers are judged by.
    case authoritiesUnreadable(path: String, reason: String)
    case library(String)

    package var description: String {
        switch self {
        case .noPairs: "no certificate is given"
        case .certificateNotPEM:
            "holds no certificate in PEM (\"-----BEGIN CERTIFICATE-----\"): give the chain, the server's own first"
        case .certificateUnreadable(let reason): "holds a certificate that cannot be read: \(reason)"
        case .keyNotPEM(let reason):
            "holds no private key in PEM (\"-----BEGIN PRIVATE KEY-----\"): \(reason)"
        case .keyIsEncrypted:
            "holds a private key that is encrypted: decrypt it (openssl pkey) and guard the file by its permissions"
        case .keyDoesNotFit:
            "does not belong to the first certificate of its chain: the server's own certificate comes first there"
        case .pairRefused(let reason):
            "is not accepted by OpenSSL: \(reason); RSA keys need 2,048 bits, signatures SHA-256"
        case .clientAuthorityNotPEM:
            "holds no certificate in PEM (\"-----BEGIN CERTIFICATE-----\") that clients could be judged by"
        case .clientAuthorityUnreadable(let reason):
            "holds a certificate authority that cannot be read: \(reason)"
        case .authoritiesUnreadable(let path, let reason):
            "the authorities in \(path) cannot be read: \(reason); it has to hold certificates in PEM"
        case .library(let reason): "OpenSSL cannot be set up: \(reason)"
        }
    }

    /// Which of the files it is about.
    package enum File: Sendable { case certificate, privateKey, clientAuthority, none }

    package var file: File {
        switch self {
        case .certificateNotPEM, .certificateUnreadable, .pairRefused: .certificate
        case .keyNotPEM, .keyIsEncrypted, .keyDoesNotFit: .privateKey
        case .clientAuthorityNotPEM, .clientAuthorityUnreadable: .clientAuthority
        case .noPairs, .authoritiesUnreadable, .library: .none
        }
    }
}

/// A certificate that is used in spite of its date: clients will refuse it.
package enum TLSCertificateWarning: Equatable, Sendable, CustomStringConvertible {
    case expired
    case notYetValid

    package var description: String {
        switch self {
        case .expired: "has expired: clients refuse it until it is renewed"
        case .notYetValid: "is not valid yet: clients refuse it until then; check the clock"
        }
    }
}
