package import FuzzBasics
internal import FuzzPlain
package import Tokens

/// Fuzzes tokens that are made of claims at their bounds: an input chooses them, one byte each, and what follows from
/// the choice is known before the token is judged. Then bits of the token are flipped, and each of those is refused.
package enum TokenStructured {
    package typealias Verdict = Result<TokenClaims, TokenRefusal>

    /// With some effort, one in four is signed with a key, and flipped in one way; of the others the claims alone are
    /// judged.
    package static func run(_ input: Span<UInt8>, effort: Effort) throws(OracleFailure) {
        var generator = InputHash(input)
        let turn = generator.next() >> 32
        if case .some = effort, turn & 3 != 0 {
            let choice = ClaimChoice(input, seal: .standIn)
            try check(choice) { token, policy in
                Token.verify(token, policy: policy) { TokenSeal.standIn.accepts($0, $1, $2) }
            }
            choice.leave()
        } else {
            try check(input, effort: effort) { token, policy in
                Token.verify(token, policy: policy, accepts: FuzzKeys.accepts)
            }
        }
        guard effort == .all || turn & 15 == 0 else { return }
        let choice = ClaimChoice(input)
        try checkMint(choice)
        choice.leave()
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
        try check(choice, judge)
        var generator = InputHash(input)
        func checkChanged(_ way: Int) throws(OracleFailure) {
            let bit = Int.random(in: 0 ..< choice.token.count * 8, using: &generator)
            let changed = changed(choice.token, way, bit: bit)
            guard case .failure(.invalid) = judge(changed.span, choice.policy) else {
                throw OracleFailure("a token with other bytes: \(String(decoding: changed, as: UTF8.self))")
            }
            KeptBytes.leave(changed)
        }
        try checkChanged(Int.random(in: 0 ..< ways, using: &generator))
        if effort == .all { for way in 0 ..< ways { try checkChanged(way) } }
        choice.leave()
    }

    private static func check(
        _ choice: ClaimChoice, _ judge: (_ token: Span<UInt8>, _ policy: TokenPolicy) -> Verdict
    ) throws(OracleFailure) {
        let verdict = judge(choice.token.span, choice.policy)
        guard isSame(verdict, choice.expected) else {
            let payload = String(decoding: choice.payload, as: UTF8.self)
            throw OracleFailure("\(verdict), not \(choice.expected): \(payload)")
        }
    }

    /// What `==` says; that one asks for the types' descriptions each time.
    private static func isSame(_ left: Verdict, _ right: Verdict) -> Bool {
        switch (left, right) {
        case (.success(let left), .success(let right)): left == right
        case (.failure(let left), .failure(let right)): left == right
        case (.success, .failure), (.failure, .success): false
        }
    }

    private static let chosenBits = 12
    /// What a token grows by at its end.
    private static let ends = [UInt8](arrayLiteral: 0x3D, 0x41, 0x2E)
    private static let ways = chosenBits + 8 + 1 + ends.count + 1

    /// The token with one bit flipped, `bit` or one of its last byte, which holds bits that a lax decoder drops; one
    /// byte shorter, longer, and without its signature.
    private static func changed(_ token: [UInt8], _ way: Int, bit: Int) -> [UInt8] {
        var changed = KeptBytes.taken(capacity: 512)
        changed.append(contentsOf: token)
        switch way - chosenBits {
        case ..<0: changed[bit / 8] ^= 1 << UInt8(bit % 8)
        case let bit where bit < 8: changed[token.count - 1] ^= 1 << UInt8(bit)
        case 8: changed.removeLast()
        case let end where end < 9 + ends.count: changed.append(ends[end - 9])
        default: changed.removeLast(token.count - 1 - (token.lastIndex(of: 0x2E) ?? 0))
        }
        return changed
    }
}
