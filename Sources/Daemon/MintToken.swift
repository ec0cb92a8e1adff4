internal import AWS
internal import Bytes
internal import Crypto
internal import Linux
internal import Settings
internal import Tokens
internal import Uploads

/// What `sluice token` is asked for.
package struct TokenRequest: Sendable {
    package let subject: String
    package let role: String?
    package let expiresInSeconds: Int64
    package let algorithm: String

    package init(subject: String, role: String?, expiresInSeconds: Int64, algorithm: String) {
        self.subject = subject
        self.role = role
        self.expiresInSeconds = expiresInSeconds
        self.algorithm = algorithm
    }
}

/// `sluice token`
package enum MintToken {
    /// Prints a token signed with the configured secret and ends the process. A token that the daemon would refuse is
    /// refused here, with the reason.
    package static func run(_ settings: SettingsRequest, _ request: TokenRequest) -> Never {
        let resolved = settings.resolve().settings
        guard let algorithm = TokenAlgorithm(rawValue: request.algorithm.uppercased()) else {
            Exit.usage(["sluice: --algorithm must be HS256, HS384 or HS512"])
        }
        guard request.expiresInSeconds > 0, request.expiresInSeconds <= Self.lifetimeSecondsMax else {
            Exit.usage(["sluice: --expires-in must be from 1 to \(Self.lifetimeSecondsMax) seconds"])
        }
        let secret: [UInt8]
        switch SecretSource(resolved).read() {
        case .success(let snapshot): secret = snapshot.current.bytes
        case .failure(let problem): Exit.failed(["sluice: \(problem)"])
        }
        let token = compact(
            subject: request.subject, role: request.role, lifetimeSeconds: request.expiresInSeconds,
            algorithm: algorithm, secret: secret)
        let policy = TokenPolicy(now: Clock.wallMilliseconds() / 1_000, trustedRoles: resolved.trustedRoles)
        switch verdict(on: token, policy) {
        case .success: Exit.done(token)
        case .failure(.invalid(let defect)): Exit.usage(["sluice: such a token would be refused: \(defect.rawValue)"])
        case .failure: Exit.usage(["sluice: such a token would be refused"])
        }
    }

    private static func verdict(on token: String, _ policy: TokenPolicy) -> Result<TokenClaims, TokenRefusal> {
        let text = [UInt8](token.utf8)
        return Token.verify(text.span, policy: policy) { _, _, _ in true }
    }

    static func compact(
        subject: String, role: String?, lifetimeSeconds: Int64, algorithm: TokenAlgorithm = .hs256, secret: [UInt8]
    ) -> String {
        let now = Clock.wallMilliseconds() / 1_000
        return TokenMint.compact(
            subject: subject, role: role, issuedAt: now, expiresAt: now + lifetimeSeconds, algorithm: algorithm
        ) { algorithm, input in
            HMACKey(algorithm: HashAlgorithm(algorithm), key: secret.span).code(for: input).bytes
        }
    }

    /// A year: longer tokens are a mistake or a secret in disguise.
    private static let lifetimeSecondsMax: Int64 = 366 * 86_400
}
