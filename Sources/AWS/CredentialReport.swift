/// News of the credentials, for the log and `/readyz`.
package enum CredentialReport: Equatable, Sendable {
    /// The first ones are there, or some after the last known had expired; where they come from.
    case loaded(source: String)
    /// Others took the place of those before.
    case changed(source: String)
    /// They could be fetched again, and had not changed.
    case recovered
    /// A fetch failed. The last known ones, if there are any, serve on while they are valid.
    case failing(CredentialFailure, isServing: Bool, retryAfterMilliseconds: Int64)
    /// The last known ones are not valid any more.
    case expired
}

/// Whether requests can be signed.
package enum CredentialHealth: Equatable, Sendable {
    /// There are none yet and nothing has failed.
    case waiting
    case good
    /// The last known ones serve; they cannot be refreshed.
    case stale(CredentialFailure)
    /// There are none.
    case missing(CredentialFailure)

    /// The health once `report` has come.
    func after(_ report: CredentialReport) -> CredentialHealth {
        switch report {
        case .loaded, .changed, .recovered: .good
        case .failing(let failure, isServing: true, retryAfterMilliseconds: _): .stale(failure)
        case .failing(let failure, isServing: false, retryAfterMilliseconds: _): .missing(failure)
        case .expired:
            switch self {
            // Why they could not be replaced says more than that they are old.
            case .stale(let failure), .missing(let failure):
                .missing(CredentialFailure(.expired, "the AWS credentials have expired: \(failure)"))
            case .waiting, .good: .missing(CredentialFailure(.expired, "the AWS credentials have expired"))
            }
        }
    }
}
