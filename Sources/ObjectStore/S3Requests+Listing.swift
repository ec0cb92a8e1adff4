internal import HTTPClient
internal import SigV4
internal import StoreStates

extension S3Requests {
    /// Uploads on one page of a list, and parts.
    private static let uploadsMax = 500
    private static let partsMax = 1_000
    /// S3 writes 700 bytes of an upload beside its key.
    private static let listBytesMax = 2 << 20

    /// ListMultipartUploads: one page of what is open below a prefix.
    func listUploads(prefix: String, afterKey: String? = nil, afterUploadID: String? = nil) -> HTTPRequest? {
        var query = ""
        if let afterKey { query += "key-marker=\(Self.encoded(afterKey))&" }
        query += "max-uploads=\(Self.uploadsMax)&prefix=\(Self.encoded(prefix))&"
        if let afterUploadID, !afterUploadID.isEmpty { query += "upload-id-marker=\(Self.encoded(afterUploadID))&" }
        var request = signed(.get, location.endpoint.bucketPath, query + "uploads=", [], .empty)
        request?.responseBytesMax = Self.listBytesMax
        return request
    }

    /// ListParts: one page of the parts that the store has of an upload.
    func listParts(_ subject: Subject, uploadID: String, after number: Int?) -> HTTPRequest? {
        var query = "max-parts=\(Self.partsMax)&"
        if let number { query += "part-number-marker=\(number)&" }
        var request = signed(.get, subject.path, query + "uploadId=\(Self.encoded(uploadID))", [], .empty)
        request?.responseBytesMax = Self.listBytesMax
        return request
    }
}
