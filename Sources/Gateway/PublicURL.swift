package import HTTPWire

/// The part of an image's URL that stands before its key.
package enum PublicURL: Equatable, Sendable {
    /// A store's own base, or what the operator set; ends in `/`.
    case base(String)
    /// `{scheme}://{Host}/objects/` of the request: the directory store behind this very listener.
    case ofRequest

    /// The URL of an object. Keys are percent-encoded.
    ///
    /// - Parameters:
    ///   - scheme: the one that the client used, as far as it is known.
    ///   - host: the request's `Host`.
    package func url(of key: ObjectKey, scheme: ForwardedScheme, host: String) -> String {
        switch self {
        case .base(let base): base + key.percentEncoded
        case .ofRequest: "\(scheme)://\(host)/objects/\(key.percentEncoded)"
        }
    }
}
