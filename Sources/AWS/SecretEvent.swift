internal import Tokens

/// What happens to the secret's cache.
enum SecretEvent {
    /// The daemon is up.
    case started
    /// The fetch brought a value.
    case fetched(TokenSecret)
    /// The fetch brought none.
    case fetchFailed(SecretFailure)
    /// The timer is due.
    case timerFired
    /// A token's signature is not of any known secret: it may have been rotated.
    case badSignature
    /// Requests to SSM are signed with other credentials from now on.
    case credentialsChanged
}

/// What the cache asks of its driver, in this order.
enum SecretEffect: Equatable {
    /// Ask SSM. Exactly one `.fetched` or `.fetchFailed` follows.
    case fetch
    /// Set the one timer; it replaces the one before.
    case schedule(afterMilliseconds: Int64)
    /// Give this to the workers; nil: nothing can be verified.
    case publish(SecretSnapshot?)
    /// Tell the operator.
    case report(SecretReport)
}
