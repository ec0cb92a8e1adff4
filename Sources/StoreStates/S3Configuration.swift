/// How an S3 store is reached and spoken to.
package struct S3Configuration: Sendable {
    /// Where the settings say that the bucket is.
    package let location: S3Location
    /// How the payload of parts is signed.
    package let partSigning: S3PartSigning
    /// Whether a PutObject in chunks may say so in `content-encoding`.
    package let namesChunkedEncoding: Bool
    /// The account that the bucket has to belong to: the store refuses where it does not.
    package let expectedBucketOwner: String?
    /// nil: none is asked for, and the bucket's own rules hold.
    package let acl: S3CannedACL?
    /// What stands before the key in `imageUrl`, without a slash at its end; nil: the endpoint's own.
    package var publicBaseURL: String?
    package var endpoint: S3Endpoint { location.endpoint }
    package var retry = S3RetryLimits()
    package var breaker = StoreBreakerLimits()
    package var connectMilliseconds = 5_000
    /// For the answer to everything but parts and Complete.
    package var controlMilliseconds = 15_000
    /// Complete may take S3 long: it sends white space meanwhile.
    package var completeMilliseconds = 60_000
    /// A part whose bytes the store does not take, or does not answer, for so long is given up. Time in which the part
    /// waits for its own source does not count.
    package var partStallMilliseconds: Int64 = 30_000

    /// - Parameter profile: nil: what the endpoint's host says.
    package init(
        bucket: String, region: String, endpoint: String? = nil, payload: S3Payload = .auto,
        publicBaseURL: String? = nil, profile: S3Profile? = nil, addressing: S3Addressing = .auto,
        expectedBucketOwner: String? = nil, acl: S3CannedACL? = nil
    ) throws(StoreSettingError) {
        location = try S3Location(bucket: bucket, region: region, endpoint: endpoint, addressing: addressing)
        self.publicBaseURL = publicBaseURL
        let profile = profile ?? location.endpoint.profile
        partSigning = try profile.signing(of: payload, isSecure: location.endpoint.isSecure)
        namesChunkedEncoding = profile.abilities.dropsChunkedEncoding
        if expectedBucketOwner != nil, !profile.abilities.takesBucketOwner {
            throw StoreSettingError(
                "SLUICE_S3_EXPECTED_BUCKET_OWNER: a store of the profile \(profile.rawValue) does not heed it, so it "
                    + "would protect nothing")
        }
        if acl != nil, !profile.abilities.takesACL {
            throw StoreSettingError("SLUICE_S3_ACL: a store of the profile \(profile.rawValue) has no canned ACLs")
        }
        self.expectedBucketOwner = expectedBucketOwner
        self.acl = acl
    }

    /// What stands before the percent-encoded key in `imageUrl`, ending in `/`.
    package var publicBase: String { (publicBaseURL ?? endpoint.publicBase) + "/" }
}
