/// What came back for one request to S3, as far as decisions need it.
package enum S3Answer: Equatable, Sendable {
    case created(uploadID: String)
    case stored(etag: String)
    case completed
    /// Abort said 204.
    case aborted
    /// Abort said NoSuchUpload.
    case gone
    /// HEAD found an object, with this `x-amz-meta-sluice-id`.
    case object(length: Int64, recordToken: String?)
    /// HEAD found none.
    case noObject
    /// DELETE was done, or there was nothing to do.
    case deleted
    /// The ids of the open uploads under exactly our key.
    case uploads([String])
    /// The store answered, and it is not what was asked for.
    case refused(S3Problem)
    /// There is no whole answer; `mayHaveArrived`: the store may have done what it was asked.
    case lost(S3Problem, mayHaveArrived: Bool)
    /// The part's own source failed.
    case sourceFailed(String)
}

/// What is wrong, in the store's words or the network's.
package struct S3Problem: Error, Equatable, Sendable {
    /// 0 where no answer came.
    package let status: Int
    /// `<Code>` of the error document.
    package let code: String?
    /// One line for the operator.
    package let detail: String
    /// Where the store says that the bucket is, with a redirect or a signature for another region.
    package let region: String?
    /// The store has other bytes than it was sent, and says so: its sum of them is not ours.
    package let isKnownWrong: Bool

    package init(
        status: Int = 0, code: String? = nil, detail: String, region: String? = nil, isKnownWrong: Bool = false
    ) {
        self.status = status
        self.code = code
        self.detail = detail
        self.region = region
        self.isKnownWrong = isKnownWrong
    }

    package var errorClass: S3ErrorClass { S3ErrorClass(status: status, code: code) }

    /// Whether the same request may be answered otherwise, at once or a little later.
    package var isTransient: Bool {
        switch errorClass {
        case .retryNow, .retryLater, .retrySignedAnew: true
        case .ours, .theirs: false
        }
    }

    /// Whether a request that was answered so may have been done all the same: a server that fails in the middle, or a
    /// gateway before it that lost the answer. Refusals for overload, and of what it does not know, are none; but a 503
    /// without one of S3's codes is a gateway's own, which may have passed the request on before (Envoy does).
    package var mayHaveHappened: Bool {
        if let code, Self.overloadCodes.contains(code) { return false }
        if status == 429 || errorClass == .theirs { return false }
        return status >= 500 || code == "InternalError"
    }

    /// With these a store says that it did not begin.
    private static let overloadCodes: Set<String> = [
        "Busy", "RequestLimitExceeded", "ServiceUnavailable", "SlowDown", "Throttling", "ThrottlingException",
        "TooManyRequests",
    ]

    package var isNoSuchUpload: Bool { code == "NoSuchUpload" }
}
