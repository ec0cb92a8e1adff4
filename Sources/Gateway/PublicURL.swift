internal import Bytes
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
        url(ofKey: key.text, scheme: scheme, host: host)
    }

    /// The same of a key as the record has it.
    package func url(ofKey key: String, scheme: ForwardedScheme, host: String) -> String {
        base(scheme, host) + PercentCoding.encode(key, keepsSlash: true)
    }

    /// The key of an image's URL, if it is one that ``url(of:scheme:host:)`` could have made for the same request:
    /// nothing else that reaches the same object is taken for it. Bytes of the `sub` may be percent-encoded or not, as
    /// URLs come out of libraries that normalise them.
    package func key(of url: String, scheme: ForwardedScheme, host: String) -> ObjectKey? {
        let bytes = [UInt8](url.utf8)
        let base = [UInt8](base(scheme, host).utf8)
        guard bytes.span.hasPrefix(base.span) else { return nil }
        return ObjectKey(percentEncoded: bytes.span.extracting(droppingFirst: base.count))
    }

    private func base(_ scheme: ForwardedScheme, _ host: String) -> String {
        switch self {
        case .base(let base): base
        case .ofRequest: "\(scheme)://\(host)/objects/"
        }
    }
}
