/// News of the secret, for the log and `/readyz`.
package enum SecretReport: Equatable, Sendable {
    /// The first one is there, or one after the last known had become too old.
    case loaded
    /// Another value: the one before is accepted for the grace period.
    case rotated
    /// It could be fetched again, and had not changed.
    case recovered
    /// A fetch failed. The last known secret, if there is one, serves on.
    case failing(SecretFailure, isServing: Bool, retryAfterMilliseconds: Int64)
    /// The last known secret is too old and does not serve any more.
    case expired
}

/// Whether tokens can be verified.
package enum SecretHealth: Equatable, Sendable {
    /// There is no secret yet and nothing has failed.
    case waiting
    case good
    /// The last known secret serves; it cannot be refreshed.
    case stale(SecretFailure)
    /// There is none.
    case missing(SecretFailure)

    package var isServing: Bool {
        switch self {
        case .good, .stale: true
        case .waiting, .missing: false
        }
    }
}
