/// Why a request has no identity. The first three answers of the contract's error table.
package enum TokenRefusal: Error, Equatable, Sendable {
    /// TOKEN_MISSING: no `Authorization` field, or not `Bearer <token>`.
    case missing
    /// TOKEN_EXPIRED: the signature is right and `exp` has passed.
    case expired
    /// TOKEN_INVALID: anything else. The defect is for the log, not for the client.
    case invalid(TokenDefect)
}

/// What is wrong with a token; the raw value is what the log says. None of them holds anything of the token.
package enum TokenDefect: String, Error, Sendable {
    case repeatedField = "more than one Authorization field"
    case tooLong = "longer than 8192 bytes"
    case notThreeParts = "not three parts"
    case notBase64URL = "a part is not canonical base64url"
    case header = "the header is not a strict JSON object"
    case algorithm = "alg is not HS256, HS384 or HS512"
    case critical = "crit names extensions, and none is known"
    case type = "typ is not a string"
    case signature = "the signature is wrong"
    case payload = "the payload is not a strict JSON object"
    case expiry = "exp is missing or not a date"
    case notBefore = "nbf is not a date"
    case early = "nbf has not come yet"
    case subject = "sub is missing or not one safe path segment"
    case role = "role is not USER, GUEST or a trusted one"
    case guestSubject = "role is GUEST and sub is not guest-{uuid}"
}
