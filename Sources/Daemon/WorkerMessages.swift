internal import AWS
internal import TLS

/// What the control thread tells a worker.
enum WorkerCommand: Sendable {
    /// Tokens are verified with these from now on; nil: none can be.
    case secrets(SecretSnapshot?)
    /// Requests to the store are signed with these from now on; nil: none can be.
    case credentials(CredentialSnapshot?)
    /// Connections that begin TLS from now on do so with these certificates.
    case certificates(TLSContext)
    /// Accept nothing more, finish what is under way, then say so.
    case drain
    /// The time for draining is over: end every upload and every connection.
    case cancel
    /// Leave the loop: the thread ends.
    case stop
}

/// What a worker tells the control thread.
enum WorkerReport: Sendable {
    case started
    /// It cannot run, and why.
    case failed(String)
    /// A token's signature was wrong: the secret may have been rotated.
    case badSignature
    /// The store says that the credentials of this generation have expired.
    case expiredCredentials(generation: UInt64)
    case store(worker: Int, StoreCondition)
    /// An upload has ended, and what is left of it is recovery's.
    case unsettled(imageID: Int64)
    /// Draining has come to its end.
    case drained
}

/// What the last requests to the store say of it.
enum StoreCondition: Sendable, Equatable {
    case good
    /// An upload met a store that cannot be reached, or fails.
    case unavailable(String)
    /// The circuit breaker is open.
    case down(String)
    /// It refuses us: credentials, rights, bucket.
    case refusing(String)
}
