package import SigV4

/// The credentials that requests are signed with now. Workers hold one and are given another when it changes.
package struct CredentialSnapshot: Sendable, Equatable {
    package let credentials: Credentials

    /// Grows with each change: a complaint about credentials that have been replaced meanwhile is no news.
    package let generation: UInt64

    package init(credentials: Credentials, generation: UInt64) {
        self.credentials = credentials
        self.generation = generation
    }
}

/// What a source handed out.
struct FetchedCredentials: Sendable, Equatable {
    let credentials: Credentials

    /// How long they are valid from now on; nil: nobody said.
    var lifetimeMilliseconds: Int64?

    /// Where they come from, in words that complete "credentials from …".
    let source: String
}
