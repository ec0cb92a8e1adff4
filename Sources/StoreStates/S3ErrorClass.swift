/// What to do about an error of S3's. The one table of codes and statuses ("Error responses" of the Amazon S3 API
/// Reference); what nothing is said of is judged by its status.
package enum S3ErrorClass: String, Sendable {
    /// The same request will do, at once: nothing is wrong with it, nor with the store.
    case retryNow
    /// The store is in trouble or has too much to do: after a pause.
    case retryLater
    /// The credentials' time is over: after a pause, in which others may come. Nothing is wrong with the store.
    case retrySignedAnew
    /// It is ours to repair (credentials, rights, bucket, region, clock, a request that makes no sense).
    case ours
    /// The store does not know what it was asked for, or what answers is no S3. Another endpoint may.
    case theirs

    package init(status: Int, code: String?) {
        self = code.flatMap { Self.codes[$0] } ?? Self.byStatus(status)
    }

    /// An error inside of a 200 has its code alone.
    private static let codes: [String: S3ErrorClass] = [
        // A kept connection on which the store waited too long for the body. It comes with 400.
        "RequestTimeout": .retryNow,
        // The bytes that arrived are not those that were sent. Only a damage on their way does that to a request whose
        // sums were right before, and it seldom strikes twice. The second is for chunks, the third MinIO's.
        "BadDigest": .retryNow,
        "XAmzContentSHA256Mismatch": .retryNow,
        "XAmzContentChecksumMismatch": .retryNow,

        "Busy": .retryLater,
        "ConditionalRequestConflict": .retryLater,
        "InternalError": .retryLater,
        "OperationAborted": .retryLater,
        "RequestLimitExceeded": .retryLater,
        "ServiceUnavailable": .retryLater,
        "SlowDown": .retryLater,
        "Throttling": .retryLater,
        "ThrottlingException": .retryLater,
        "TooManyRequests": .retryLater,

        "ExpiredToken": .retrySignedAnew,
        "ExpiredTokenException": .retrySignedAnew,

        "AccessDenied": .ours,
        "AllAccessDisabled": .ours,
        "AuthorizationHeaderMalformed": .ours,
        "EntityTooLarge": .ours,
        "EntityTooSmall": .ours,
        "IllegalLocationConstraintException": .ours,
        "InvalidAccessKeyId": .ours,
        "InvalidBucketName": .ours,
        "InvalidPart": .ours,
        "InvalidPartOrder": .ours,
        "InvalidToken": .ours,
        "NoSuchBucket": .ours,
        "NoSuchUpload": .ours,
        "PermanentRedirect": .ours,
        "RequestTimeTooSkewed": .ours,
        "SignatureDoesNotMatch": .ours,
        "TemporaryRedirect": .ours,

        "MethodNotAllowed": .theirs,
        "NotImplemented": .theirs,
    ]

    private static func byStatus(_ status: Int) -> S3ErrorClass {
        switch status {
        // No answer came.
        case 0: .retryLater
        case 408, 425, 429: .retryLater
        case 405, 501, 505: .theirs
        case 500...: .retryLater
        // A 2xx whose words are not S3's is made a 502 where it is read.
        default: .ours
        }
    }
}
