/// What a token's bearer is.
package enum TokenRole: Equatable, Sendable {
    /// `role` is absent or `USER`.
    case user
    /// `GUEST`: somebody who has not signed up yet; its `sub` is `guest-{uuid}`.
    case guest
    /// One of ``TokenPolicy/trustedRoles``, which may act for others.
    case trusted(String)

    /// The `role` claim's text.
    package var name: String {
        switch self {
        case .user: "USER"
        case .guest: "GUEST"
        case .trusted(let name): name
        }
    }

    package var isTrusted: Bool {
        if case .trusted = self { true } else { false }
    }
}
