internal import Bytes
internal import Crypto
package import Tokens

/// Fuzzes the verification of tokens: one is accepted only if libcrypto's own HMAC over its very bytes agrees and a
/// second, plain reading of its claims holds.
///
/// An input that begins with `2`, `3` or `5` is a header up to the first line end and a payload behind it, which are
/// encoded and signed with HS256, HS384 or HS512: no fuzzer finds a signature. Any other input is a token as it is.
package enum TokenVerify {
    package static let secret = [UInt8]("a fuzzer's secret, known to everybody".utf8)

    /// Without leeway and with some.
    package static let policies = [
        TokenPolicy(now: 1_700_000_000),
        TokenPolicy(now: 1_700_000_000, leewaySeconds: 300, trustedRoles: ["SERVICE", "é"]),
    ]

    package static func run(_ input: Span<UInt8>) throws(OracleFailure) {
        let token = token(of: input)
        guard let keys = HMACKeyRing(secret: secret.span) else { throw OracleFailure("no keys") }
        for policy in policies {
            var asked = 0
            let result = Token.verify(token.span, policy: policy) { algorithm, signature, signingInput in
                asked += 1
                return keys.key(algorithm.hash).accepts(signature, of: signingInput)
            }
            guard asked <= 1 else { throw OracleFailure("the MAC was asked \(asked) times") }
            try TokenOracle.check(result, of: token, policy: policy, secret: secret)
            try checkField(token, policy: policy, keys: keys, expected: result)
        }
    }

    /// The compact token that an input stands for.
    package static func token(of input: Span<UInt8>) -> [UInt8] {
        guard input.count > 0, let algorithm = algorithm(input[0]) else { return input.copied() }
        var end = 1
        while end < input.count, input[end] != UInt8(ascii: "\n") { end += 1 }
        var token: [UInt8] = []
        Base64URL.append(input.extracting(1 ..< end), to: &token)
        token.append(UInt8(ascii: "."))
        Base64URL.append(input.extracting(min(end + 1, input.count) ..< input.count), to: &token)
        let signature = HMAC.code(algorithm.hash, key: secret.span, for: token.span)
        token.append(UInt8(ascii: "."))
        Base64URL.append(signature.span, to: &token)
        return token
    }

    private static func algorithm(_ byte: UInt8) -> TokenAlgorithm? {
        switch byte {
        case UInt8(ascii: "2"): .hs256
        case UInt8(ascii: "3"): .hs384
        case UInt8(ascii: "5"): .hs512
        default: nil
        }
    }

    /// The field's value is the token's own verdict, as long as nothing in the token is taken for the field's.
    private static func checkField(
        _ token: [UInt8], policy: TokenPolicy, keys: HMACKeyRing, expected: Result<TokenClaims, TokenRefusal>
    ) throws(OracleFailure) {
        let edges = [token.first ?? 0x20, token.last ?? 0x20]
        guard !edges.contains(0x20), !edges.contains(0x09) else { return }
        let value = [UInt8]("bEaReR  ".utf8) + token + [0x20, 0x09]
        let result = BearerField.verify(count: 1, value: value.span, policy: policy) { algorithm, signature, input in
            keys.key(algorithm.hash).accepts(signature, of: input)
        }
        guard result == expected else { throw OracleFailure("in a field: \(result), alone: \(expected)") }
    }
}

extension TokenAlgorithm {
    /// The hash that the algorithm's HMAC is made with.
    var hash: HashAlgorithm {
        switch self {
        case .hs256: .sha256
        case .hs384: .sha384
        case .hs512: .sha512
        }
    }
}
