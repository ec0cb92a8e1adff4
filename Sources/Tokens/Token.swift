internal import Bytes
internal import JSONWire

/// Verification of compact JSON Web Tokens (RFC 7515, RFC 7519), without the MAC itself: that is passed in.
package enum Token {
    /// The claims of `compact`, or why there are none.
    ///
    /// `accepts` says, in constant time, whether `signature` is the whole MAC of `signingInput` with the secret. It is
    /// asked at most once, after the header alone was read, and with a signature of the algorithm's length; nothing of
    /// the payload is looked at, and so no expiry told, before it said yes.
    package static func verify(
        _ compact: Span<UInt8>, policy: TokenPolicy,
        accepts: (_ algorithm: TokenAlgorithm, _ signature: Span<UInt8>, _ signingInput: Span<UInt8>) -> Bool
    ) -> Result<TokenClaims, TokenRefusal> {
        do throws(TokenRefusal) {
            let payload = try verifiedPayload(compact, accepts)
            return .success(try claims(payload.span, policy))
        } catch {
            return .failure(error)
        }
    }

    /// The decoded payload of a token whose signature is right.
    private static func verifiedPayload(
        _ compact: Span<UInt8>, _ accepts: (TokenAlgorithm, Span<UInt8>, Span<UInt8>) -> Bool
    ) throws(TokenRefusal) -> [UInt8] {
        guard compact.count <= TokenPolicy.tokenBytesMax else { throw .invalid(.tooLong) }
        guard let dots = TokenParts(compact) else { throw .invalid(.notThreeParts) }
        let algorithm = try algorithm(header: compact.extracting(0 ..< dots.first))
        let signature = try decoded(compact.extracting(dots.second + 1 ..< compact.count))
        guard signature.count == algorithm.macBytes,
            accepts(algorithm, signature.span, compact.extracting(0 ..< dots.second))
        else { throw .invalid(.signature) }
        return try decoded(compact.extracting(dots.first + 1 ..< dots.second))
    }

    private static func decoded(_ part: Span<UInt8>) throws(TokenRefusal) -> [UInt8] {
        guard let bytes = Base64URL.decode(part) else { throw .invalid(.notBase64URL) }
        return bytes
    }

    /// Reads the header (RFC 7515 § 4). `kid`, `jku`, `jwk` and their like are not looked at: there is one secret.
    private static func algorithm(header part: Span<UInt8>) throws(TokenRefusal) -> TokenAlgorithm {
        // What nearly every issuer writes; the same bytes are read at length by the tests.
        if part.equals(TokenMint.encodedHeader(.hs256)) { return .hs256 }
        let bytes = try decoded(part)
        guard let header = object(bytes.span) else { throw .invalid(.header) }
        guard let name = header["alg"]?.string, let algorithm = TokenAlgorithm(named: name)
        else { throw .invalid(.algorithm) }
        // RFC 7515 § 4.1.11: extensions that must be understood, and none is.
        guard header["crit"] == nil else { throw .invalid(.critical) }
        if let type = header["typ"], type.string == nil { throw .invalid(.type) }
        return algorithm
    }

    /// The claims that Sluice uses, in the order that tells a client best what is wrong: a token that is not yet valid
    /// is not reported as expired, and one that has expired is reported as that whatever else it says.
    private static func claims(_ payload: Span<UInt8>, _ policy: TokenPolicy) throws(TokenRefusal) -> TokenClaims {
        guard let claims = object(payload) else { throw .invalid(.payload) }
        guard let expiry = claims["exp"].flatMap(NumericDate.seconds) else { throw .invalid(.expiry) }
        if let claim = claims["nbf"] {
            guard let notBefore = NumericDate.seconds(claim) else { throw .invalid(.notBefore) }
            guard notBefore <= saturated(policy.now, plus: policy.leewaySeconds) else { throw .invalid(.early) }
        }
        guard policy.now < saturated(expiry, plus: policy.leewaySeconds) else { throw .expired }
        guard let subject = claims["sub"]?.string, PathSegment.isSafe(subject) else { throw .invalid(.subject) }
        let role = try role(claims["role"], subject: subject, trusted: policy.trustedRoles)
        return TokenClaims(subject: subject, role: role, expiresAt: expiry)
    }

    private static func role(
        _ claim: JSONValue?, subject: String, trusted: [String]
    ) throws(TokenRefusal) -> TokenRole {
        guard let claim else { return .user }
        guard let name = claim.string else { throw .invalid(.role) }
        if isSame(name, "USER") { return .user }
        if isSame(name, "GUEST") {
            // Or a guest could write into a user's folder.
            guard GuestSubject.isGuest(subject) else { throw .invalid(.guestSubject) }
            return .guest
        }
        for trustedName in trusted where isSame(name, trustedName) { return .trusted(trustedName) }
        throw .invalid(.role)
    }

    private static func object(_ bytes: Span<UInt8>) -> JSONObject? {
        guard let value = try? JSONReader.read(bytes, limits: JSONLimits(documentBytesMax: TokenPolicy.tokenBytesMax))
        else { return nil }
        return value.object
    }

    private static func isSame(_ left: String, _ right: String) -> Bool {
        left.utf8Span.span.equals(right)
    }

    private static func saturated(_ value: Int64, plus addend: Int64) -> Int64 {
        let (sum, overflow) = value.addingReportingOverflow(addend)
        return overflow ? (addend < 0 ? Int64.min : Int64.max) : sum
    }
}
