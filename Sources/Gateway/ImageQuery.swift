package import Tokens

/// What the head of an accepted `GET /images/{imageId}` asks for.
package struct ImageQuery: Sendable {
    package let imageID: Int64
    package let claims: TokenClaims
    /// The `Host` of the request, where image URLs are built from it.
    package let host: String

    package init(imageID: Int64, claims: TokenClaims, host: String) {
        self.imageID = imageID
        self.claims = claims
        self.host = host
    }

    /// Whether whoever asks may see `record`: an image that is there, and theirs, or anybody's for a trusted role.
    package func maySee(_ record: ImageRecord) -> Bool {
        record.state == .stored && (claims.role.isTrusted || claims.isSubject(record.owner))
    }
}
