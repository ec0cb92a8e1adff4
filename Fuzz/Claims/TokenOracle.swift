internal import Bytes
internal import Crypto
package import FuzzBasics
internal import FuzzPlain
package import Tokens

/// A second judgement of a token, in other words than the first: it knows nothing of the verifier's code.
package enum TokenOracle {
    package static func check(
        _ result: Result<TokenClaims, TokenRefusal>, of token: [UInt8], policy: TokenPolicy
    ) throws(OracleFailure) {
        try check(result, of: token, signedPayload(token), policy)
    }

    /// `payload` is that of a rightly signed token, nil of any other.
    static func check(
        _ result: Result<TokenClaims, TokenRefusal>, of token: [UInt8], _ payload: [UInt8]?, _ policy: TokenPolicy
    ) throws(OracleFailure) {
        switch result {
        case .success(let claims):
            guard let payload else { throw OracleFailure("accepted with a wrong signature") }
            try checkAccepted(token)
            try check(claims, payload, policy)
        case .failure(.expired):
            guard let payload else { throw OracleFailure("expiry was told with a wrong signature") }
            guard let text = PlainJSON(payload)?.single("exp")?.scalar, let expiry = Double(text),
                expiry + Double(policy.leewaySeconds) <= Double(policy.now)
            else { throw OracleFailure("expired, and exp has not passed") }
        case .failure(.missing):
            throw OracleFailure("a token is not missing")
        case .failure(.invalid(.signature)):
            guard payload == nil else { throw OracleFailure("a right signature was refused as wrong") }
        case .failure(.invalid):
            break
        }
    }

    /// The payload of three canonical parts whose last one is the HMAC, with ``TokenVerify/secret``, that the first one
    /// names.
    static func signedPayload(_ token: [UInt8]) -> [UInt8]? {
        guard let first = token.firstIndex(of: 0x2E), let last = token.lastIndex(of: 0x2E), first < last,
            let header = PlainBase64.decoded(token[..<first]),
            let payload = PlainBase64.decoded(token[(first + 1) ..< last]),
            let signature = PlainBase64.decoded(token[(last + 1)...]),
            let name = PlainJSON(header)?.single("alg")?.text,
            let code = FuzzKeys.otherCode(name, of: token.span.extracting(first: last)), code.count == signature.count
        else { return nil }
        for index in signature.indices where signature[index] != code.span[index] { return nil }
        return payload
    }

    /// What contract § 2 asks of a token beside its signature and its claims: 8 KiB, no extension that one has to
    /// understand (RFC 7515 § 4.1.11), and a `typ` that is text where there is one (RFC 7515 § 4.1.9).
    private static func checkAccepted(_ token: [UInt8]) throws(OracleFailure) {
        guard token.count <= 8_192 else { throw OracleFailure("accepted with \(token.count) bytes") }
        guard let bytes = PlainBase64.decoded(token.prefix { $0 != 0x2E }), let header = PlainJSON(bytes)
        else { throw OracleFailure("accepted, and the header is no object") }
        guard !header.has("crit") else { throw OracleFailure("accepted with crit") }
        guard header.has("typ") == (header.single("typ")?.text != nil)
        else { throw OracleFailure("accepted with a typ that is no text") }
    }

    private static func check(
        _ claims: TokenClaims, _ payload: [UInt8], _ policy: TokenPolicy
    ) throws(OracleFailure) {
        guard let object = PlainJSON(payload) else { throw OracleFailure("accepted, and the payload is no object") }
        guard let text = object.single("exp")?.scalar, let expiry = Double(text),
            expiry + Double(policy.leewaySeconds) > Double(policy.now)
        else { throw OracleFailure("accepted, and exp has passed") }
        if object.has("nbf") {
            guard let text = object.single("nbf")?.scalar, let notBefore = Double(text),
                notBefore - Double(policy.leewaySeconds) <= Double(policy.now)
            else { throw OracleFailure("accepted before nbf") }
        }
        guard let subject = object.single("sub")?.text, Array(subject.utf8) == Array(claims.subject.utf8)
        else { throw OracleFailure("accepted with another sub") }
        guard PlainSegment.isSafe(subject) else { throw OracleFailure("accepted with a sub that is no safe segment") }
        try checkRole(claims, object, subject, policy)
    }

    private static func checkRole(
        _ claims: TokenClaims, _ object: PlainJSON, _ subject: String, _ policy: TokenPolicy
    ) throws(OracleFailure) {
        let role = object.single("role")?.text
        guard object.has("role") == (role != nil) else { throw OracleFailure("accepted with a role that is no text") }
        switch claims.role {
        case .user:
            guard role.map({ Array($0.utf8) == Array("USER".utf8) }) ?? true else { throw OracleFailure("not a user") }
        case .guest:
            guard let role, Array(role.utf8) == Array("GUEST".utf8), isGuest(subject)
            else { throw OracleFailure("not a guest") }
        case .trusted(let name):
            let names = policy.trustedRoles.map { Array($0.utf8) }
            guard let role, Array(role.utf8) == Array(name.utf8), names.contains(Array(name.utf8))
            else { throw OracleFailure("not a trusted role") }
        }
    }

    private static func isGuest(_ subject: String) -> Bool {
        let groups = subject.split(separator: "-", omittingEmptySubsequences: false)
        return groups.count == 6 && groups[0] == "guest" && groups.dropFirst().map(\.utf8.count) == [8, 4, 4, 4, 12]
            && groups.dropFirst().allSatisfy { $0.utf8.allSatisfy(PlainLetters.isHexDigit) }
    }
}
