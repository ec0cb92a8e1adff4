internal import Bytes
internal import Crypto
internal import JSONWire
package import Tokens

/// Fuzzes tokens that are made of claims at their bounds: an input chooses them, one byte each, and what follows from
/// the choice is known before the token is judged. Then bits of the token are flipped, and each of those is refused.
package enum TokenStructured {
    package typealias Verdict = Result<TokenClaims, TokenRefusal>

    package static func run(_ input: Span<UInt8>) throws(OracleFailure) {
        let secret = TokenVerify.secret
        guard let keys = HMACKeyRing(secret: secret.span) else { throw OracleFailure("no keys") }
        try check(input) { token, policy in
            verdict(token, policy, keys)
        }
    }

    private static func verdict(_ token: Span<UInt8>, _ policy: TokenPolicy, _ keys: HMACKeyRing) -> Verdict {
        Token.verify(token, policy: policy) { algorithm, signature, signingInput in
            keys.key(algorithm.hash).accepts(signature, of: signingInput)
        }
    }

    /// The oracle, over any way to judge a token.
    package static func check(
        _ input: Span<UInt8>, judge: (_ token: Span<UInt8>, _ policy: TokenPolicy) -> Verdict
    ) throws(OracleFailure) {
        let choice = ClaimChoice(input)
        let token = choice.token
        let verdict = judge(token.span, choice.policy)
        guard verdict == choice.expected else {
            throw OracleFailure("\(verdict), not \(choice.expected): \(choice.payload)")
        }
        for changed in changed(token, by: InputHash(input)) {
            guard case .failure(.invalid) = judge(changed.span, choice.policy) else {
                throw OracleFailure("a token with other bytes: \(String(decoding: changed, as: UTF8.self))")
            }
        }
    }

    /// The token with one bit flipped, in places by chance and in every bit of its last byte, which holds bits that a
    /// lax decoder drops; one byte shorter, longer, and without its signature.
    private static func changed(_ token: [UInt8], by hash: InputHash) -> [[UInt8]] {
        var generator = hash
        var bits = (0 ..< 12).map { _ in Int.random(in: 0 ..< token.count * 8, using: &generator) }
        bits += (token.count - 1) * 8 ..< token.count * 8
        var all = bits.map { bit in
            var flipped = token
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            return flipped
        }
        let unsigned = Array(token[...(token.lastIndex(of: 0x2E) ?? 0)])
        all += [token.dropLast(), token + [0x3D], token + [0x41], token + [0x2E], unsigned]
        return all
    }
}
