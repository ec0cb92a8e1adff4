/// The fields that a signature adds to a request.
package struct SignedRequest: Sendable {
    /// `x-amz-date`: `YYYYMMDDTHHMMSSZ`.
    package let date: String

    /// `x-amz-content-sha256`, where the service wants it.
    package let payloadHash: String?

    /// `x-amz-security-token` of temporary credentials.
    package let securityToken: String?

    /// The value of `authorization`.
    package let authorization: String

    /// The signature itself, which the first chunk of an aws-chunked body continues.
    package let signature: SigningDigest

    /// Adds the fields to those of the request.
    package func append(to fields: inout [(name: String, value: String)]) {
        fields.append(("x-amz-date", date))
        if let payloadHash { fields.append(("x-amz-content-sha256", payloadHash)) }
        if let securityToken { fields.append(("x-amz-security-token", securityToken)) }
        fields.append(("authorization", authorization))
    }
}
