internal import Bytes

/// What a request's path names. A path is compared byte by byte as it stands in the target, as API Gateway does:
/// no decoding, no dot segments, no trailing slash.
package enum Route: Equatable, Sendable {
    /// `/images`
    case images
    /// `/` (development mode)
    case uploadPage
    /// `/objects/{key}` (development mode); the key is still percent-encoded.
    case object(encodedKey: String)
    case none

    /// - Parameter servesDevelopment: whether the routes of development mode exist.
    package init(path: Span<UInt8>, servesDevelopment: Bool) {
        if path.equals("/images") {
            self = .images
        } else if servesDevelopment, path.equals("/") {
            self = .uploadPage
        } else if servesDevelopment, path.hasPrefix("/objects/".utf8Span.span) {
            self = .object(encodedKey: path.extracting(droppingFirst: "/objects/".utf8.count).repairedText())
        } else {
            self = .none
        }
    }

    /// The methods besides `OPTIONS`, as the `Allow` field lists them; nil where no such path exists.
    package var allow: String? {
        switch self {
        case .images: "POST, OPTIONS"
        case .uploadPage, .object: "GET, OPTIONS"
        case .none: nil
        }
    }
}
