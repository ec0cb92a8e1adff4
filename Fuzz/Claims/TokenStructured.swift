package import FuzzBasics
package import Tokens

/// Fuzzes tokens that are made of claims at their bounds: an input chooses them, one byte each, and what follows from
/// the choice is known before the token is judged. Then bits of the token are flipped, and each of those is refused.
package enum TokenStructured {
    package typealias Verdict = Result<TokenClaims, TokenRefusal>

    package static func run(_ input: Span<UInt8>, effort: Effort) throws(OracleFailure) {
        try check(input, effort: effort) { token, policy in
            Token.verify(token, policy: policy, accepts: FuzzKeys.accepts)
        }
        var generator = InputHash(input)
        if effort == .all || generator.next() % 16 == 0 { try checkMint(ClaimChoice(input)) }
    }

    /// A token that Sluice makes itself for claims that are right says what they say.
    private static func checkMint(_ choice: ClaimChoice) throws(OracleFailure) {
        guard case .success(let claims) = choice.expected else { return }
        let role = claims.role == .user ? nil : claims.role.name
        let token = TokenMint.compact(
            subject: claims.subject, role: role, issuedAt: choice.policy.now, expiresAt: claims.expiresAt,
            mac: FuzzKeys.code)
        let verdict = Token.verify(token.utf8Span.span, policy: choice.policy, accepts: FuzzKeys.accepts)
        guard verdict == .success(claims), claims.isSubject(claims.subject), !claims.isSubject(claims.subject + "a")
        else { throw OracleFailure("made for \(claims), it is \(verdict)") }
        let names: [TokenRole] = [.user, .guest, .trusted(claims.role.name)]
        guard names.contains(claims.role), claims.role.isTrusted == (claims.role == names[2]),
            claims.role != .guest || claims.subject == GuestSubject.make(uuid: String(claims.subject.dropFirst(6)))
        else { throw OracleFailure("a role's name") }
    }

    /// The oracle, over any way to judge a token.
    package static func check(
        _ input: Span<UInt8>, effort: Effort = .all, judge: (_ token: Span<UInt8>, _ policy: TokenPolicy) -> Verdict
    ) throws(OracleFailure) {
        let choice = ClaimChoice(input)
        let token = choice.token
        let verdict = judge(token.span, choice.policy)
        guard verdict == choice.expected else {
            let payload = String(decoding: choice.payload, as: UTF8.self)
            throw OracleFailure("\(verdict), not \(choice.expected): \(payload)")
        }
        var generator = InputHash(input)
        if effort == .some, generator.next() >> 32 & 3 != 0 { return }
        for changed in changed(token, by: InputHash(input), effort) {
            guard case .failure(.invalid) = judge(changed.span, choice.policy) else {
                throw OracleFailure("a token with other bytes: \(String(decoding: changed, as: UTF8.self))")
            }
        }
    }

    /// The token with one bit flipped, in places by chance and in every bit of its last byte, which holds bits that a
    /// lax decoder drops; one byte shorter, longer, and without its signature. With some effort, one of these.
    private static func changed(_ token: [UInt8], by hash: InputHash, _ effort: Effort) -> [[UInt8]] {
        var generator = hash
        var bits: [Int] = []
        for _ in 0 ..< 12 { bits.append(Int.random(in: 0 ..< token.count * 8, using: &generator)) }
        bits += (token.count - 1) * 8 ..< token.count * 8
        let ends = [[], [0x3D], [0x41], [0x2E]] as [[UInt8]]
        func changed(_ turn: Int) -> [UInt8] {
            var changed = token
            switch turn - bits.count {
            case ..<0: changed[bits[turn] / 8] ^= 1 << UInt8(bits[turn] % 8)
            case 0: changed.removeLast()
            case ends.count: changed = Array(token[...(token.lastIndex(of: 0x2E) ?? 0)])
            case let end: changed += ends[end]
            }
            return changed
        }
        let all = 0 ... bits.count + ends.count
        switch effort {
        case .some: return [changed(Int.random(in: all, using: &generator))]
        case .all: return all.map(changed)
        }
    }
}
