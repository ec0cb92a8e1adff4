internal import Gateway
internal import Tokens

/// The tokens that an input can name. The signature of all that are right is 32 times `s`.
enum RequestTokens {
    /// Of a token that is right, who its bearer is; of any other, how it is refused.
    enum Verdict {
        case claims(TokenClaims)
        case refused(Refusal)
    }

    static let now: Int64 = 1_000_000
    static let guest = "guest-01234567-89ab-4def-8123-456789abcdef"
    static let signature = [UInt8](repeating: 0x73, count: 32)

    /// Tokens by their letters, and what is too long for an input: a path, and field lines.
    static let text: [UInt8: [UInt8]] = {
        var text = table.mapValues { Array($0.token.utf8) }
        text[UInt8(ascii: "1")] = [UInt8](repeating: UInt8(ascii: "a"), count: 8_200)
        text[UInt8(ascii: "2")] = [UInt8](repeatElement("a: b\r\n", count: 100).joined().utf8)
        return text
    }()
    static let verdicts: [String: Verdict] = Dictionary(
        table.values.map { ($0.token, $0.verdict) }, uniquingKeysWith: { first, _ in first })

    private static let table: [UInt8: (token: String, verdict: Verdict)] = [
        UInt8(ascii: "U"): token("1", nil, .user),
        UInt8(ascii: "V"): token("2", "USER", .user),
        UInt8(ascii: "G"): token(guest, "GUEST", .guest),
        UInt8(ascii: "S"): token("backend", "SERVICE", .trusted("SERVICE")),
        UInt8(ascii: "D"): token("\u{E9} \u{1F600}", nil, .user),
        // Within a leeway of a minute.
        UInt8(ascii: "L"): token("1", nil, .user, expiresAt: now - 30),
        UInt8(ascii: "E"): (make("1", nil, expiresAt: now), .refused(.tokenExpired)),
        UInt8(ascii: "R"): (make("1", "ADMIN"), .refused(.tokenInvalid)),
        UInt8(ascii: "P"): (make("a/b", nil), .refused(.tokenInvalid)),
        UInt8(ascii: "B"): (make("1", nil, byte: 0x74), .refused(.tokenInvalid)),
    ]

    private static func token(
        _ subject: String, _ role: String?, _ meaning: TokenRole, expiresAt: Int64 = now + 60
    ) -> (String, Verdict) {
        let claims = TokenClaims(subject: subject, role: meaning, expiresAt: expiresAt)
        return (make(subject, role, expiresAt: expiresAt), .claims(claims))
    }

    private static func make(
        _ subject: String, _ role: String?, expiresAt: Int64 = now + 60, byte: UInt8 = 0x73
    ) -> String {
        TokenMint.compact(subject: subject, role: role, issuedAt: 1, expiresAt: expiresAt) { _, _ in
            [UInt8](repeating: byte, count: 32)
        }
    }
}
