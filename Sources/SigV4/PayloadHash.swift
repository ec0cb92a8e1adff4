internal import Bytes

/// What `x-amz-content-sha256` says of a body, and the last line of the canonical request.
package enum PayloadHash: Sendable {
    /// The body is covered by nothing but TLS.
    case unsigned
    /// aws-chunked, each chunk with a signature of its own.
    case streamingSigned
    /// aws-chunked with signed chunks and signed trailers.
    case streamingSignedTrailer
    /// aws-chunked without chunk signatures, with trailers (a checksum among them).
    case streamingUnsignedTrailer
    /// The SHA-256 of the whole body.
    case digest(SigningDigest)
    /// There is no body.
    case empty

    /// The text of the field.
    package var text: String {
        switch self {
        case .unsigned: "UNSIGNED-PAYLOAD"
        case .streamingSigned: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
        case .streamingSignedTrailer: "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
        case .streamingUnsignedTrailer: "STREAMING-UNSIGNED-PAYLOAD-TRAILER"
        case .digest(let digest): Hex.lower(digest.span)
        case .empty: Self.emptyText
        }
    }

    /// The SHA-256 of no bytes, in hexadecimal.
    static let emptyText = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
}
