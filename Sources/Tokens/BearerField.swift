internal import Bytes

/// The `Authorization` field (RFC 9110 § 11.6.2) with a bearer token (RFC 6750 § 2.1).
package enum BearerField {
    /// The token of one field value: what follows `Bearer`, in letters of either case, and at least one space. Nil
    /// where that is not what the value is.
    @_lifetime(copy value)
    package static func token(in value: Span<UInt8>) -> Span<UInt8>? {
        let scheme = 6
        var start = 0
        var end = value.count
        while start < end, value[start].isOptionalWhitespace { start += 1 }
        while end > start, value[end - 1].isOptionalWhitespace { end -= 1 }
        guard end - start > scheme, value.extracting(start ..< start + scheme).equalsIgnoringCase("bearer"),
            value[start + scheme] == 0x20
        else { return nil }
        start += scheme
        while start < end, value[start] == 0x20 { start += 1 }
        return start < end ? value.extracting(start ..< end) : nil
    }

    /// Verifies the token of a request that has `count` Authorization fields, one of them with `value` (an empty span
    /// where there is none). More than one is refused: which of them counts would depend on who reads.
    package static func verify(
        count: Int, value: Span<UInt8>, policy: TokenPolicy,
        accepts: (_ algorithm: TokenAlgorithm, _ signature: Span<UInt8>, _ signingInput: Span<UInt8>) -> Bool
    ) -> Result<TokenClaims, TokenRefusal> {
        guard count > 0 else { return .failure(.missing) }
        guard count == 1 else { return .failure(.invalid(.repeatedField)) }
        guard let token = token(in: value) else { return .failure(.missing) }
        return Token.verify(token, policy: policy, accepts: accepts)
    }
}
