/// What a verified token says.
package struct TokenClaims: Equatable, Sendable {
    /// `sub`: one safe path segment (``PathSegment``), at most 128 bytes of UTF-8.
    package let subject: String

    package let role: TokenRole

    /// `exp` in seconds since 1970, a fraction rounded up: the token is expired from this second on.
    package let expiresAt: Int64

    /// For ``Token`` and for tests: the values are not checked again.
    package init(subject: String, role: TokenRole, expiresAt: Int64) {
        self.subject = subject
        self.role = role
        self.expiresAt = expiresAt
    }

    /// Whether `other` is this very `sub`: byte by byte, since `==` of strings takes canonically equivalent ones
    /// for the same, and the store's keys do not.
    package func isSubject(_ other: String) -> Bool {
        subject.utf8.elementsEqual(other.utf8)
    }
}
