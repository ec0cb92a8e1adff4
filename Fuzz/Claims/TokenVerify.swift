internal import Bytes
internal import Crypto
package import FuzzBasics
internal import FuzzPlain
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

    /// With some effort one of the policies, and one in four of the things beside the verdict itself.
    package static func run(_ input: Span<UInt8>, effort: Effort) throws(OracleFailure) {
        var generator = InputHash(input)
        let turn = Int(generator.next() >> 32 & 7)
        func isDue(_ part: Int) -> Bool { effort == .all || turn / 2 == part }
        if isDue(0) { try checkSecret(input) }
        if isDue(1) { try checkFieldValue(input) }
        let token = token(of: input)
        let payload = TokenOracle.signedPayload(token)
        for (index, policy) in policies.enumerated() where effort == .all || turn % 2 == index {
            var asked = 0
            let result = Token.verify(token.span, policy: policy) { algorithm, signature, signingInput in
                asked += 1
                return FuzzKeys.accepts(algorithm, signature, signingInput)
            }
            guard asked <= 1 else { throw OracleFailure("the MAC was asked \(asked) times") }
            try TokenOracle.check(result, of: token, payload, policy)
            if isDue(2) { try checkField(token, policy: policy, expected: result) }
        }
    }

    /// Whether an input may be a secret: not when it is empty, nor when it is a key or a certificate as PEM.
    private static func checkSecret(_ input: Span<UInt8>) throws(OracleFailure) {
        let bytes = input.copied()
        let isKey = bytes.drop { $0 <= 0x20 }.starts(with: "-----BEGIN ".utf8)
        let taken: TokenSecret
        do throws(TokenSecretFlaw) {
            taken = try TokenSecret(bytes)
        } catch {
            guard bytes.isEmpty ? error == .empty : isKey && error == .key, !error.description.isEmpty
            else { throw OracleFailure("\(error)") }
            return
        }
        guard !bytes.isEmpty, !isKey, taken.bytes == bytes else { throw OracleFailure("taken for a secret") }
        guard bytes.count % 64 != 0 || "\(taken)" + String(reflecting: taken) == "[redacted][redacted]",
            bytes.count % 64 != 0 || Mirror(reflecting: taken).children.isEmpty
        else { throw OracleFailure("a secret shows") }
    }

    /// The compact token that an input stands for.
    package static func token(of input: Span<UInt8>) -> [UInt8] {
        guard input.count > 0, let algorithm = algorithm(input[0]) else { return input.copied() }
        var end = 1
        while end < input.count, input[end] != UInt8(ascii: "\n") { end += 1 }
        var token: [UInt8] = []
        token.reserveCapacity(input.count * 3 / 2 + 128)
        PlainBase64.append(input.extracting(1 ..< end), to: &token)
        token.append(UInt8(ascii: "."))
        PlainBase64.append(input.extracting(min(end + 1, input.count) ..< input.count), to: &token)
        FuzzKeys.sign(&token, algorithm)
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

    /// The token in a value is what stands behind `Bearer` and spaces, and a field that is not there once has none.
    private static func checkFieldValue(_ input: Span<UInt8>) throws(OracleFailure) {
        let value = PlainLetters.trimmed(input.copied()[...])
        let isBearer = PlainLetters.isSame(value.prefix(6), "bearer") && value.dropFirst(6).first == 0x20
        let plain = value.dropFirst(6).drop { $0 == 0x20 }
        let token = BearerField.token(in: input)
        guard token?.copied() == (isBearer && !plain.isEmpty ? Array(plain) : nil)
        else { throw OracleFailure("another token in a field's value") }
        func verdict(_ count: Int) -> Result<TokenClaims, TokenRefusal> {
            BearerField.verify(count: count, value: input, policy: policies[0]) { _, _, _ in true }
        }
        guard verdict(0) == .failure(.missing), verdict(2) == .failure(.invalid(.repeatedField)),
            token != nil || verdict(1) == .failure(.missing)
        else { throw OracleFailure("a field that is not there once") }
    }

    /// The field's value is the token's own verdict, as long as nothing in the token is taken for the field's.
    private static func checkField(
        _ token: [UInt8], policy: TokenPolicy, expected: Result<TokenClaims, TokenRefusal>
    ) throws(OracleFailure) {
        let edges = [token.first ?? 0x20, token.last ?? 0x20]
        guard !edges.contains(0x20), !edges.contains(0x09) else { return }
        let value = [UInt8]("bEaReR  ".utf8) + token + [0x20, 0x09]
        let result = BearerField.verify(count: 1, value: value.span, policy: policy, accepts: FuzzKeys.accepts)
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
