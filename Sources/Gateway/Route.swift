internal import Bytes
package import HTTPWire

/// What a request's path names. A path is compared byte by byte as it stands in the target, as API Gateway does:
/// no decoding, no dot segments, no trailing slash.
package enum Route: Equatable, Sendable {
    /// `/images`
    case images
    /// `/images/metadata`
    case metadata
    /// `/images/{imageId}`. Ids have one spelling: what begins with a zero or a sign, or is no id at all, is no path.
    case image(Int64)
    /// `/auth/guest-token`, where it is served
    case guestToken
    /// `/` (development mode)
    case uploadPage
    /// `/objects/{key}` (development mode); the key is still percent-encoded.
    case object(encodedKey: String)
    case none

    /// - Parameters:
    ///   - servesDevelopment: whether the routes of development mode exist.
    ///   - servesGuestTokens: whether the route of guest tokens exists.
    package init(path: Span<UInt8>, servesDevelopment: Bool, servesGuestTokens: Bool = false) {
        if path.equals("/images") {
            self = .images
        } else if path.equals("/images/metadata") {
            self = .metadata
        } else if path.hasPrefix("/images/".utf8Span.span) {
            let id = Self.imageID(path.extracting(droppingFirst: "/images/".utf8.count))
            self = id.map(Route.image) ?? .none
        } else if servesGuestTokens, path.equals("/auth/guest-token") {
            self = .guestToken
        } else if servesDevelopment, path.equals("/") {
            self = .uploadPage
        } else if servesDevelopment, path.hasPrefix("/objects/".utf8Span.span) {
            self = .object(encodedKey: path.extracting(droppingFirst: "/objects/".utf8.count).repairedText())
        } else {
            self = .none
        }
    }

    private static func imageID(_ digits: Span<UInt8>) -> Int64? {
        guard !digits.isEmpty, digits[0] != 0x30 else { return nil }
        return Decimal.parse(digits).flatMap(Int64.init(exactly:))
    }

    /// The one method besides `OPTIONS`; nil where no such path exists.
    package var method: RequestMethod? {
        switch self {
        case .images, .metadata: .post
        case .image, .guestToken, .uploadPage, .object: .get
        case .none: nil
        }
    }

    /// The methods as the `Allow` field lists them; nil where no such path exists.
    package var allow: String? {
        switch self {
        case .images, .metadata: "POST, OPTIONS"
        case .image, .guestToken, .uploadPage, .object: "GET, OPTIONS"
        case .none: nil
        }
    }
}
