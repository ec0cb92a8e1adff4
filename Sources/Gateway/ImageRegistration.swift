package import HTTPWire
package import Tokens

/// A registration as the record is asked for it.
package struct ImageRegistration: Equatable, Sendable {
    package enum Image: Equatable, Sendable {
        case id(Int64)
        case key(ObjectKey)
    }

    package let image: Image
    /// The `sub` of whoever asks.
    package let subject: String
    package let role: TokenRole
    /// Who is to own the image from now on; nil: whoever does already.
    package let owner: String?

    package init(image: Image, subject: String, role: TokenRole, owner: String? = nil) {
        self.image = image
        self.subject = subject
        self.role = role
        self.owner = owner
    }

    /// What `request` asks for in the name of `claims`; nil where its URL is none of ours: INVALID_IMAGE_URL.
    ///
    /// Whose image it is, the record alone says: one that was given to another owner keeps its key.
    package init?(
        _ request: RegistrationRequest, claims: TokenClaims, publicURL: PublicURL, scheme: ForwardedScheme,
        host: String
    ) {
        switch request.image {
        case .id(let id): image = .id(id)
        case .url(let url):
            guard let key = publicURL.key(of: url, scheme: scheme, host: host) else { return nil }
            image = .key(key)
        }
        subject = claims.subject
        role = claims.role
        // Nobody else may give images away, nor take them.
        owner = claims.role.isTrusted ? request.owner : nil
    }

    package enum Verdict: Equatable, Sendable {
        /// The record is written; with `liftsExpiry` the image stays for good.
        case registers(liftsExpiry: Bool)
        case alreadyRegistered
        /// Theirs, and the record does not say yet what came of it: see ``ImageQuery/Sight/unsettled``.
        case unsettled
        /// Not there, not theirs, not complete or being deleted: all the same to whoever asks.
        case noSuchImage
    }

    /// The rule of contract § 1. Asked and acted on within one transaction of the record.
    ///
    /// A guest's own registration is not the last word: it leaves the expiry, and a trusted role may register the image
    /// once more, which is what the backend does when the sign-up completes. Every other registration is final.
    package func verdict(on record: ImageRecord) -> Verdict {
        guard role.isTrusted || isOwner(of: record) else { return .noSuchImage }
        guard record.state != .completing else { return .unsettled }
        guard record.state == .stored else { return .noSuchImage }
        guard record.registered != nil else { return .registers(liftsExpiry: role != .guest) }
        let isProvisional = record.registrant == TokenRole.guest.name
        return isProvisional && role.isTrusted ? .registers(liftsExpiry: true) : .alreadyRegistered
    }

    /// The record once this registration is written.
    package func applied(to record: ImageRecord, liftsExpiry: Bool, at milliseconds: Int64) -> ImageRecord {
        var record = record
        record.registered = milliseconds
        record.registrant = role.name
        if liftsExpiry { record.expires = nil }
        if let owner { record.owner = owner }
        return record
    }

    /// Byte by byte, as ``TokenClaims/isSubject(_:)``.
    private func isOwner(of record: ImageRecord) -> Bool {
        subject.utf8.elementsEqual(record.owner.utf8)
    }
}
