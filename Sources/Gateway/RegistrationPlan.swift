package import Tokens

/// What the head of an accepted `POST /images/metadata` fixes.
package struct RegistrationPlan: Sendable {
    package let claims: TokenClaims
    /// The `Host` of the request, where image URLs are built from it.
    package let host: String
    /// Whether the client waits for `100 Continue` before it sends the body.
    package let expectsContinue: Bool

    package init(claims: TokenClaims, host: String, expectsContinue: Bool) {
        self.claims = claims
        self.host = host
        self.expectsContinue = expectsContinue
    }
}
