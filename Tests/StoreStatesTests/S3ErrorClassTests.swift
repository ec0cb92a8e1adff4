import StoreStates
import Testing

@Suite struct S3ErrorClassTests {
    private static func check(_ expected: S3ErrorClass, _ errors: [(Int, String?)]) {
        for (status, code) in errors {
            #expect(S3ErrorClass(status: status, code: code) == expected, "\(status) \(code ?? "-")")
        }
    }

    @Test func `a body that came too slowly is sent again at once`() {
        Self.check(.retryNow, [(400, "RequestTimeout")])
    }

    @Test func `bytes that were damaged on their way are sent again, and the store did nothing with them`() {
        for code in ["BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"] {
            Self.check(.retryNow, [(400, code), (200, code)])
            #expect(!S3Problem(status: 400, code: code, detail: "").mayHaveHappened)
        }
    }

    @Test func `overload, failure and silence are tried again later`() {
        Self.check(
            .retryLater,
            [
                (503, "SlowDown"), (503, "ServiceUnavailable"), (500, "InternalError"), (200, "InternalError"),
                (200, "SlowDown"), (409, "OperationAborted"), (409, "ConditionalRequestConflict"), (503, "Busy"),
                (400, "ThrottlingException"), (0, nil), (408, nil), (425, nil), (429, nil), (500, nil), (502, nil),
                (503, nil), (504, nil), (520, nil), (503, "NobodyKnows"),
            ])
    }

    @Test func `credentials, rights, bucket, region, clock and bad requests are ours`() {
        Self.check(
            .ours,
            [
                (403, "AccessDenied"), (403, "SignatureDoesNotMatch"), (403, "InvalidAccessKeyId"),
                (403, "RequestTimeTooSkewed"), (404, "NoSuchBucket"), (404, "NoSuchUpload"),
                (400, "InvalidPart"), (200, "InvalidPart"), (400, "EntityTooSmall"), (301, "PermanentRedirect"),
                (400, "AuthorizationHeaderMalformed"), (400, nil), (403, nil), (404, nil), (301, nil), (418, nil),
                (400, "NobodyKnows"),
            ])
    }

    @Test func `credentials whose time is over are tried again with others`() {
        Self.check(.retrySignedAnew, [(400, "ExpiredToken"), (403, "ExpiredToken"), (400, "ExpiredTokenException")])
    }

    @Test func `what the store does not know is theirs, and was not done`() {
        let errors: [(Int, String?)] = [(501, "NotImplemented"), (405, "MethodNotAllowed"), (501, nil), (405, nil)]
        Self.check(.theirs, errors)
        for (status, code) in errors {
            let problem = S3Problem(status: status, code: code, detail: "")
            #expect(!problem.mayHaveHappened && !problem.isTransient)
        }
    }

    @Test func `what is repeated is what is transient`() {
        for status in 0..<600 {
            for code in [nil, "SlowDown", "RequestTimeout", "AccessDenied", "NotImplemented", "ExpiredToken"] {
                let problem = S3Problem(status: status, code: code, detail: "")
                let isRepeated = [.retryNow, .retryLater, .retrySignedAnew].contains(problem.errorClass)
                #expect(problem.isTransient == isRepeated, "\(status) \(code ?? "-")")
            }
        }
    }
}
