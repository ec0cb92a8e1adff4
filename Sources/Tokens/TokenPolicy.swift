/// The rules that are settings, and the clock.
package struct TokenPolicy: Sendable {
    /// Seconds since 1970.
    package var now: Int64

    /// `SLUICE_JWT_LEEWAY_SECONDS`: how far the issuer's clock may be off, in either direction.
    package var leewaySeconds: Int64

    /// `SLUICE_TRUSTED_ROLES`: the values of `role` beside `USER` and `GUEST`.
    package var trustedRoles: [String]

    package init(now: Int64, leewaySeconds: Int64 = 0, trustedRoles: [String] = ["SERVICE"]) {
        self.now = now
        self.leewaySeconds = leewaySeconds
        self.trustedRoles = trustedRoles
    }

    /// Bytes of a compact token: more does not fit beside other fields into the heads that are usual, and no token
    /// of ours comes near it.
    package static let tokenBytesMax = 8_192
}
