import Crypto
import Tokens

/// Signs and verifies with one secret, for the tests.
struct Signer {
    /// Nil for what is no secret, which verifies nothing.
    private let keys: HMACKeyRing?

    init(secret: [UInt8]) {
        keys = (try? TokenSecret(secret)).flatMap { HMACKeyRing(secret: $0.bytes.span) }
    }

    init(secret: String) { self.init(secret: [UInt8](secret.utf8)) }

    func accepts(_ algorithm: TokenAlgorithm, _ signature: Span<UInt8>, _ signingInput: Span<UInt8>) -> Bool {
        keys?.key(algorithm.hash).accepts(signature, of: signingInput) ?? false
    }

    func mac(_ algorithm: TokenAlgorithm, _ signingInput: Span<UInt8>) -> [UInt8] {
        keys?.key(algorithm.hash).code(for: signingInput).bytes ?? []
    }

    func verify(_ token: String, _ policy: TokenPolicy) -> Result<TokenClaims, TokenRefusal> {
        let bytes = [UInt8](token.utf8)
        return Token.verify(bytes.span, policy: policy, accepts: accepts)
    }

    func verify(fields values: [[UInt8]], _ policy: TokenPolicy) -> Result<TokenClaims, TokenRefusal> {
        let value = values.first ?? []
        return BearerField.verify(count: values.count, value: value.span, policy: policy, accepts: accepts)
    }

    func token(payload: String, algorithm: TokenAlgorithm = .hs256) -> String {
        TokenMint.compact(payload: [UInt8](payload.utf8).span, algorithm: algorithm, mac: mac)
    }

    /// A token whose header is any text.
    func token(header: String, payload: String, signedAs algorithm: TokenAlgorithm = .hs256) -> String {
        let head = TokenMint.compact(payload: [UInt8](header.utf8).span, mac: { _, _ in [] })
        let body = TokenMint.compact(payload: [UInt8](payload.utf8).span, mac: { _, _ in [] })
        let input = "\(head.split(separator: ".")[1]).\(body.split(separator: ".")[1])"
        let tail = TokenMint.compact(payload: mac(algorithm, [UInt8](input.utf8).span).span, mac: { _, _ in [] })
        return "\(input).\(tail.split(separator: ".")[1])"
    }
}

/// The contract's name of an answer.
func verdict(_ result: Result<TokenClaims, TokenRefusal>) -> String {
    switch result {
    case .success: "valid"
    case .failure(.missing): "TOKEN_MISSING"
    case .failure(.expired): "TOKEN_EXPIRED"
    case .failure(.invalid): "TOKEN_INVALID"
    }
}

extension TokenAlgorithm {
    var hash: HashAlgorithm {
        switch self {
        case .hs256: .sha256
        case .hs384: .sha384
        case .hs512: .sha512
        }
    }
}
