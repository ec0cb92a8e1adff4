internal import Bytes
internal import JSONWire

/// Makes tokens: for `sluice token`, guest tokens and tests.
package enum TokenMint {
    /// A signed compact token with `sub`, `role`, `iat` and `exp`, in seconds since 1970.
    ///
    /// `mac` gives the whole MAC of the signing input with the secret.
    package static func compact(
        subject: String, role: String? = nil, issuedAt: Int64, expiresAt: Int64, algorithm: TokenAlgorithm = .hs256,
        mac: (_ algorithm: TokenAlgorithm, _ signingInput: Span<UInt8>) -> [UInt8]
    ) -> String {
        var claims = JSONWriter()
        claims.beginObject()
        claims.member("sub", subject)
        if let role { claims.member("role", role) }
        claims.member("iat", issuedAt)
        claims.member("exp", expiresAt)
        claims.endObject()
        return compact(payload: claims.bytes.span, algorithm: algorithm, mac: mac)
    }

    /// A signed compact token with any bytes as its payload.
    package static func compact(
        payload: Span<UInt8>, algorithm: TokenAlgorithm = .hs256,
        mac: (_ algorithm: TokenAlgorithm, _ signingInput: Span<UInt8>) -> [UInt8]
    ) -> String {
        var token: [UInt8] = []
        token.append(text: encodedHeader(algorithm))
        token.append(0x2E)
        Base64URL.append(payload, to: &token)
        let signature = mac(algorithm, token.span)
        token.append(0x2E)
        Base64URL.append(signature.span, to: &token)
        return String(decoding: token, as: UTF8.self)
    }

    /// `{"alg":"HS256","typ":"JWT"}` and its like in base64url.
    package static func encodedHeader(_ algorithm: TokenAlgorithm) -> String {
        switch algorithm {
        case .hs256: "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9"
        case .hs384: "eyJhbGciOiJIUzM4NCIsInR5cCI6IkpXVCJ9"
        case .hs512: "eyJhbGciOiJIUzUxMiIsInR5cCI6IkpXVCJ9"
        }
    }
}
