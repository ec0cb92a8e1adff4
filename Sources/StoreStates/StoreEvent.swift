/// What a store says of an upload.
package enum StoreEvent: Equatable, Sendable {
    /// The upload is open under this id of the store's.
    case created(uploadID: String)
    case partStored(StoredPart)
    /// The object is there, whole and readable.
    case completed
    /// The upload cannot go on.
    case failed(StoreFailure)
    /// Nothing is left of the upload in the store.
    case aborted
}

/// A part that the store has.
package struct StoredPart: Equatable, Sendable {
    package let number: Int
    /// As the store wrote it, quotes included; may be empty.
    package let etag: String
    package let length: Int64
    /// The CRC-32C that it was sent with, in base 64; the store's own affair, an owner need not keep it.
    package let checksum: String?

    package init(number: Int, etag: String, length: Int64, checksum: String? = nil) {
        self.number = number
        self.etag = etag
        self.length = length
        self.checksum = checksum
    }
}

/// Whether an upload may begin.
package enum StoreAdmission: Equatable, Sendable {
    case admitted
    /// Not now; `detail` is one line for the operator.
    case refused(retryAfterSeconds: Int, detail: String)
}
