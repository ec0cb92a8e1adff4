/// One image as its record has it: what the two routes that speak of records answer with, and judge by.
package struct ImageRecord: Equatable, Sendable {
    package let imageID: Int64
    package let key: String
    /// The `sub` that it belongs to: that of the upload, or whom a trusted role gave it to.
    package var owner: String
    package let contentType: String
    /// nil: the key's last segment.
    package let filename: String?
    package let fileBytes: Int64
    package let state: UploadLife.State
    /// Milliseconds since 1970, as all times here.
    package let uploaded: Int64
    package var registered: Int64?
    /// The role that registered it.
    package var registrant: String?
    /// When it is deleted unless somebody registers it for good.
    package var expires: Int64?

    package init(
        imageID: Int64, key: String, owner: String, contentType: String, filename: String?, fileBytes: Int64,
        state: UploadLife.State, uploaded: Int64, registered: Int64?, registrant: String?, expires: Int64?
    ) {
        self.imageID = imageID
        self.key = key
        self.owner = owner
        self.contentType = contentType
        self.filename = filename
        self.fileBytes = fileBytes
        self.state = state
        self.uploaded = uploaded
        self.registered = registered
        self.registrant = registrant
        self.expires = expires
    }

    package var displayName: String { filename ?? ObjectKey.lastSegment(of: key) }
}
