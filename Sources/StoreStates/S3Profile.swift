/// What an endpoint can do (`SLUICE_S3_PROFILE`).
package enum S3Profile: String, CaseIterable, Sendable {
    case aws
    case r2
    case minio
    /// Any other server: what may be asked for is asked for, and nothing is by itself but what all of them know.
    case generic

    /// The profile of a host; nil stands for Amazon's own. MinIO's cannot be told by its name.
    package static func of(host: String?) -> S3Profile {
        guard let host else { return .aws }
        let name = host.prefix { $0 != ":" }
        let isAWS = [".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu"].contains { name.hasSuffix($0) }
        if isAWS { return .aws }
        if name.hasSuffix(".r2.cloudflarestorage.com") { return .r2 }
        return .generic
    }

    /// How parts are signed where `payload` is asked for.
    package func signing(of payload: S3Payload, isSecure: Bool) throws(StoreSettingError) -> S3PartSigning {
        let abilities = abilities
        switch payload {
        case .auto: return isSecure ? abilities.secureDefault : abilities.plainDefault
        case .unsigned: return .unsigned
        case .signed where abilities.takesChunks: return .signedChunks
        case .trailer where abilities.takesTrailers: return isSecure ? .unsignedTrailer : .signedTrailer
        case .signed, .trailer:
            throw StoreSettingError(
                "SLUICE_S3_PAYLOAD: a store of the profile \(rawValue) does not take \(payload.rawValue): use auto")
        }
    }

    /// One row for each profile, with its source.
    package var abilities: S3Abilities {
        switch self {
        case .aws:
            // Amazon S3 User Guide, "Checking object integrity for data uploads": the checksum is kept with the object.
            S3Abilities(
                secureDefault: .unsignedTrailer, plainDefault: .signedChunks, takesChunks: true, takesTrailers: true,
                takesBucketOwner: true, takesACL: true, dropsChunkedEncoding: true)
        case .r2:
            // https://developers.cloudflare.com/r2/api/s3/api/: no bucket owner, no ACL, no checksum algorithm; to
            // STREAMING-AWS4-HMAC-SHA256-PAYLOAD it answers 501.
            S3Abilities(
                secureDefault: .unsigned, plainDefault: .unsigned, takesChunks: false, takesTrailers: false,
                takesBucketOwner: false, takesACL: false, dropsChunkedEncoding: false)
        case .minio:
            // Trailers since the releases of 2022; it passes over the bucket owner, and knows no canned ACL beyond
            // `private`, which would make a protection out of a field that protects nothing.
            S3Abilities(
                secureDefault: .unsigned, plainDefault: .signedChunks, takesChunks: true, takesTrailers: true,
                takesBucketOwner: false, takesACL: false, dropsChunkedEncoding: false)
        case .generic:
            S3Abilities(
                secureDefault: .unsigned, plainDefault: .signedChunks, takesChunks: true, takesTrailers: true,
                takesBucketOwner: true, takesACL: true, dropsChunkedEncoding: false)
        }
    }
}

/// One row of the table of profiles.
package struct S3Abilities: Equatable, Sendable {
    /// What `SLUICE_S3_PAYLOAD=auto` is over https, and over http.
    package let secureDefault: S3PartSigning
    package let plainDefault: S3PartSigning
    /// aws-chunked with a signature for each chunk.
    package let takesChunks: Bool
    /// aws-chunked with a checksum behind the chunks, and `x-amz-checksum-algorithm` in Create.
    package let takesTrailers: Bool
    /// `x-amz-expected-bucket-owner` is heeded.
    package let takesBucketOwner: Bool
    /// `x-amz-acl` is heeded.
    package let takesACL: Bool
    /// `content-encoding: aws-chunked` of a PutObject is not kept with the object. Ceph keeps it, and tells every
    /// browser; what a body is in is told by `x-amz-content-sha256` as well.
    package let dropsChunkedEncoding: Bool
}
