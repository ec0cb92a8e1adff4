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

    package enum Sight: Equatable, Sendable {
        case visible
        /// Its last bytes are in the store and the record does not say yet what came of them. A 201 may have gone out
        /// just before a crash, so it is not said to be missing: recovery settles it within seconds.
        case unsettled
        /// Not there, not complete, being deleted, or not theirs: all the same to whoever asks.
        case hidden
    }

    /// What whoever asks may see of `record`: their own image, or anybody's for a trusted role.
    package func sight(of record: ImageRecord?) -> Sight {
        guard let record, claims.role.isTrusted || claims.isSubject(record.owner) else { return .hidden }
        switch record.state {
        case .stored: return .visible
        case .completing: return .unsettled
        case .opening, .streaming, .aborting, .expiring, .gone: return .hidden
        }
    }
}
