package import FormData
internal import Images
package import Tokens

/// What the head of an accepted `POST /images` with a form fixes: everything about its upload but type and file name,
/// which its file part brings.
package struct FormPlan: Sendable {
    package let boundary: FormBoundary
    /// The field that carries the file; nil: any part with a file name.
    package let field: String?
    package let claims: TokenClaims
    /// The decoded `x-filename`, if one was sent: it counts before the part's own.
    package let filename: String?
    /// See ``UploadPlan/host``.
    package let host: String
    /// See ``UploadPlan/recordToken``.
    package let recordToken: String
    package let expectsContinue: Bool
    /// For the key: the time of the request, and 36 bytes of random text.
    package let milliseconds: Int64
    package let uuid: String
    /// See ``UploadPlan/idempotencyKey``.
    package let idempotencyKey: String?

    package init(
        boundary: FormBoundary, field: String?, claims: TokenClaims, filename: String?, host: String,
        recordToken: String, expectsContinue: Bool, milliseconds: Int64, uuid: String,
        idempotencyKey: String? = nil
    ) {
        self.boundary = boundary
        self.field = field
        self.claims = claims
        self.filename = filename
        self.host = host
        self.recordToken = recordToken
        self.expectsContinue = expectsContinue
        self.milliseconds = milliseconds
        self.uuid = uuid
        self.idempotencyKey = idempotencyKey
    }

    /// The plan of the upload, once the file part's head is known. Its length never is: fields and an epilogue may
    /// follow. The form itself asks the client to continue.
    ///
    /// - Parameter partFilename: what the part calls the file.
    func uploadPlan(type: ImageType, partFilename: String?) -> UploadPlan {
        UploadPlan(
            key: ObjectKey(subject: claims.subject, milliseconds: milliseconds, uuid: uuid, type: type),
            claims: claims, type: type, declaredBytes: nil, filename: filename ?? partFilename, host: host,
            recordToken: recordToken, expectsContinue: false, idempotencyKey: idempotencyKey)
    }
}
