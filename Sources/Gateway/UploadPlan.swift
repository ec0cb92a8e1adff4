package import Images
package import Tokens

/// What the head of an accepted `POST /images` fixes about its upload.
package struct UploadPlan: Sendable {
    package let key: ObjectKey
    package let claims: TokenClaims
    package let type: ImageType
    /// Bytes of the body when the head declares them; nil for a chunked body.
    package let declaredBytes: UInt64?
    /// The decoded `x-filename`, if one was sent.
    package let filename: String?
    /// The `Host` of the request, where image URLs are built from it.
    package let host: String
    /// Random text that tells this upload's object from any other under the same key (`x-amz-meta-sluice-id`).
    package let recordToken: String
    /// Whether the client waits for `100 Continue` before it sends the body.
    package let expectsContinue: Bool
    /// What the client calls this upload by; nil: nothing.
    package let idempotencyKey: String?

    package init(
        key: ObjectKey, claims: TokenClaims, type: ImageType, declaredBytes: UInt64?, filename: String?, host: String,
        recordToken: String, expectsContinue: Bool, idempotencyKey: String? = nil
    ) {
        self.key = key
        self.claims = claims
        self.type = type
        self.declaredBytes = declaredBytes
        self.filename = filename
        self.host = host
        self.recordToken = recordToken
        self.expectsContinue = expectsContinue
        self.idempotencyKey = idempotencyKey
    }

    /// What the record and the 201 call the file.
    package var displayName: String { filename ?? key.lastSegment }
}
