internal import Bytes
internal import Crypto
package import FuzzBasics
package import Tokens

/// A second judgement of a token, in other words than the first: it knows nothing of the verifier's code.
package enum TokenOracle {
    package static func check(
        _ result: Result<TokenClaims, TokenRefusal>, of token: [UInt8], policy: TokenPolicy, secret: [UInt8]
    ) throws(OracleFailure) {
        try check(result, signedPayload(token, secret: secret), policy)
    }

    /// `payload` is that of a rightly signed token, nil of any other.
    static func check(
        _ result: Result<TokenClaims, TokenRefusal>, _ payload: [UInt8]?, _ policy: TokenPolicy
    ) throws(OracleFailure) {
        switch result {
        case .success(let claims):
            guard let payload else { throw OracleFailure("accepted with a wrong signature") }
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

    /// The payload of three canonical parts whose last one is the HMAC that the first one names.
    static func signedPayload(_ token: [UInt8], secret: [UInt8]) -> [UInt8]? {
        let parts = token.split(separator: 0x2E, omittingEmptySubsequences: false)
        guard parts.count == 3, let header = decoded(parts[0]), let payload = decoded(parts[1]),
            let signature = decoded(parts[2]), let name = PlainJSON(header)?.single("alg")?.text
        else { return nil }
        let algorithm: HashAlgorithm
        switch name {
        case "HS256": algorithm = .sha256
        case "HS384": algorithm = .sha384
        case "HS512": algorithm = .sha512
        default: return nil
        }
        guard signature.count == algorithm.digestBytes else { return nil }
        // The first two parts with the dot between them.
        let code = HMAC.code(algorithm, key: secret.span, for: token.span.extracting(first: parts[1].endIndex))
        return code.bytes == signature ? payload : nil
    }

    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_".utf8)
    /// The place of each byte in the alphabet; 64 for a byte that is not in it.
    private static let sextets = (UInt8.min ... .max).map { byte in alphabet.firstIndex(of: byte) ?? 64 }

    /// The bytes of base64url whose unused bits are zero: of every four letters, three bytes of one number.
    package static func decoded(_ text: ArraySlice<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        let sextets = sextets
        var group = text.startIndex
        while group < text.endIndex {
            let count = min(4, text.endIndex - group)
            guard count > 1 else { return nil }
            var number = 0
            for place in 0 ..< 4 {
                let sextet = place < count ? sextets[Int(text[group + place])] : 0
                guard sextet < 64 else { return nil }
                number = number * 64 + sextet
            }
            // As many bytes as the letters hold whole, and nothing behind them.
            let unused = 8 * (4 - count)
            guard number % (1 << unused) == 0 else { return nil }
            bytes.append(UInt8(number / 65_536))
            if count > 2 { bytes.append(UInt8(number / 256 % 256)) }
            if count > 3 { bytes.append(UInt8(number % 256)) }
            group += count
        }
        return bytes
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
            && groups.dropFirst().allSatisfy { $0.utf8.allSatisfy(PlainBytes.isHexDigit) }
    }
}
