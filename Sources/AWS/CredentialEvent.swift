/// What happens to the credentials' cache.
enum CredentialEvent {
    /// The daemon is up.
    case started
    /// The fetch brought credentials.
    case fetched(FetchedCredentials)
    /// The fetch brought none.
    case fetchFailed(CredentialFailure)
    /// The timer is due.
    case timerFired
    /// A service says that the credentials of this generation have expired.
    case refused(generation: UInt64)
}

/// What the cache asks of its driver, in this order.
enum CredentialEffect: Equatable {
    /// Ask the chain. Exactly one `.fetched` or `.fetchFailed` follows.
    case fetch
    /// Set the one timer; it replaces the one before.
    case schedule(afterMilliseconds: Int64)
    /// Give this to whoever signs; nil: nothing can be signed.
    case publish(CredentialSnapshot?)
    /// Tell the operator.
    case report(CredentialReport)
}
