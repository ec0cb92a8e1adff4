package import Gateway

/// One write to the record of an upload. It is small, and copied by counting at most one reference: each passes through
/// two queues and several hands. All but the first and the last two name the upload by its image id.
package enum JournalEntry: Equatable, Sendable {
    /// The row itself, in the state ``OpeningRecord/state``; the answer carries its id. With a key that is known
    /// nothing is written, and the answer is ``JournalResult/known(_:)``.
    case opening(OpeningRecord)
    /// The store's name of the multipart upload.
    indirect case uploadID(Int64, String)
    /// The whole body is counted; a filename replaces that of the opening. The hash of the bytes belongs to the key of
    /// an upload that has one. With the store's name of the upload it stands for that write too.
    indirect case completing(
        Int64, size: Int64, filename: String? = nil, sha256: [UInt8]? = nil, uploadID: String? = nil)
    /// The object is complete in the store, since so many milliseconds after 1970.
    case stored(Int64, at: Int64)
    /// The upload is being taken back.
    case aborting(Int64)
    /// The image is deleted because its time, by milliseconds after 1970, has come; a conflict where it has not, or was
    /// lifted.
    case expiring(Int64, at: Int64)
    /// Nothing is left in the store: the row is dropped.
    case gone(Int64)
    /// An image is registered, if ``ImageRegistration/verdict(on:)`` lets it; synced before it is answered.
    indirect case registration(ImageRegistration)
    /// Nothing is written, and the row is answered as it is after all that was submitted before.
    case look(Int64)
}

/// What is known of an upload before anything is asked of the store.
package final class OpeningRecord: Equatable, Sendable {
    package let key: String
    /// The token's `sub`.
    package let owner: String
    package let contentType: String
    /// The name to show, nil where it is not known yet.
    package let filename: String?
    /// What the object carries as `x-amz-meta-sluice-id`: random, and proof that an object found is this upload's.
    package let recordToken: String
    /// Milliseconds since 1970.
    package let createdMilliseconds: Int64
    /// The `Idempotency-Key` of the upload, if it has one.
    package let idempotencyKey: String?
    /// The length of a body that is whole before anything is asked of the store; nil: it is not known yet.
    package let fileBytes: Int64?

    /// With which its row begins.
    package var state: UploadLife.State { fileBytes == nil ? .opening : .completing }

    package init(
        key: String, owner: String, contentType: String, filename: String?, recordToken: String, at milliseconds: Int64,
        idempotencyKey: String? = nil, fileBytes: Int64? = nil
    ) {
        self.key = key
        self.owner = owner
        self.contentType = contentType
        self.filename = filename
        self.recordToken = recordToken
        createdMilliseconds = milliseconds
        self.idempotencyKey = idempotencyKey
        self.fileBytes = fileBytes
    }

    package static func == (one: OpeningRecord, other: OpeningRecord) -> Bool {
        one.key == other.key && one.owner == other.owner && one.contentType == other.contentType
            && one.filename == other.filename && one.recordToken == other.recordToken
            && one.createdMilliseconds == other.createdMilliseconds && one.idempotencyKey == other.idempotencyKey
            && one.fileBytes == other.fileBytes
    }
}
