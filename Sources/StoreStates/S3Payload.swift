package import SigV4

/// How the payload of a part is to be signed (`SLUICE_S3_PAYLOAD`).
package enum S3Payload: String, CaseIterable, Sendable {
    /// What the endpoint's profile says.
    case auto
    /// TLS protects it, or the network is trusted.
    case unsigned
    /// Chunk by chunk: costs a CPU second per GiB.
    case signed
    /// A checksum behind the chunks, which the store checks and keeps. The chunks are signed where no TLS protects
    /// them.
    case trailer
}

/// How the payload of a part is signed.
package enum S3PartSigning: Equatable, Sendable {
    /// `UNSIGNED-PAYLOAD`.
    case unsigned
    /// `STREAMING-AWS4-HMAC-SHA256-PAYLOAD`.
    case signedChunks
    /// `STREAMING-UNSIGNED-PAYLOAD-TRAILER`, with a CRC-32C.
    case unsignedTrailer
    /// `STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER`, with a CRC-32C.
    case signedTrailer

    /// Whether parts are sent with a checksum, which Create has to announce and Complete to repeat.
    package var hasChecksum: Bool { self == .unsignedTrailer || self == .signedTrailer }

    package var payloadHash: PayloadHash {
        switch self {
        case .unsigned: .unsigned
        case .signedChunks: .streamingSigned
        case .unsignedTrailer: .streamingUnsignedTrailer
        case .signedTrailer: .streamingSignedTrailer
        }
    }

    /// nil: the bytes go as they are.
    package var framing: ChunkFraming? {
        switch self {
        case .unsigned: nil
        case .signedChunks: .signed
        case .unsignedTrailer: .unsignedTrailer
        case .signedTrailer: .signedTrailer
        }
    }
}

/// A canned ACL of the objects (`SLUICE_S3_ACL`; Amazon S3 User Guide, "Access control list (ACL) overview").
package enum S3CannedACL: String, CaseIterable, Sendable {
    case `private`
    case publicRead = "public-read"
    case publicReadWrite = "public-read-write"
    case authenticatedRead = "authenticated-read"
    case awsExecRead = "aws-exec-read"
    case bucketOwnerRead = "bucket-owner-read"
    case bucketOwnerFullControl = "bucket-owner-full-control"
}

/// Where the bucket's name stands in URLs (`SLUICE_S3_ADDRESSING`).
package enum S3Addressing: String, CaseIterable, Sendable {
    /// Virtual-host style at Amazon's own endpoints for buckets without dots, path style else.
    case auto
    /// `https://host/bucket/key`.
    case path
    /// `https://bucket.host/key`.
    case virtual
}
