internal import Bytes
internal import XMLWire

/// What of a store's answer is read beside its body.
package struct S3AnswerHead: Sendable {
    package var status: Int
    package var etag: String?
    package var contentLength: String?
    package var recordToken: String?
    /// `x-amz-bucket-region`.
    package var bucketRegion: String?

    package init(
        status: Int, etag: String? = nil, contentLength: String? = nil, recordToken: String? = nil,
        bucketRegion: String? = nil
    ) {
        self.status = status
        self.etag = etag
        self.contentLength = contentLength
        self.recordToken = recordToken
        self.bucketRegion = bucketRegion
    }
}

/// Reads answers: what they mean for the step that was asked.
package enum S3AnswerReader {
    /// Upload ids are opaque; S3's own have about 130 bytes.
    private static let uploadIDBytesMax = 1_024
    private static let detailBytesMax = 400

    /// A yes to Abort or Delete has no body, it is a 204. One that has is not the store's: believed, it would leave
    /// behind what was to be removed.
    ///
    /// - Parameter key: the key that ``S3Step/search`` looks for.
    package static func read(_ step: S3Step, _ head: S3AnswerHead, body: Span<UInt8>, key: String) -> S3Answer {
        let isSuccess = head.status >= 200 && head.status < 300
        switch step {
        case .create where isSuccess: return readCreated(step, head, body)
        case .part where isSuccess && isError(body), .put where isSuccess && isError(body),
            .abort where isSuccess && isError(body), .delete where isSuccess && isError(body),
            .search where isSuccess && isError(body):
            return .refused(problem(step, head, body))
        case .part where isSuccess: return .stored(etag: head.etag ?? "")
        case .put where isSuccess: return readPut(step, head, body)
        case .complete where isSuccess: return readCompleted(step, head, body)
        case .abort where isSuccess: return body.isEmpty ? .aborted : unreadable(step)
        case .abort:
            let problem = problem(step, head, body)
            return problem.isNoSuchUpload ? .gone : .refused(problem)
        case .head where isSuccess: return readObject(step, head)
        case .head where head.status == 404: return .noObject
        case .delete where isSuccess: return body.isEmpty ? .deleted : unreadable(step)
        case .delete:
            let problem = problem(step, head, body)
            return problem.code == "NoSuchKey" ? .deleted : .refused(problem)
        case .search where isSuccess: return readUploads(step, body, key: key)
        case .create, .part, .complete, .head, .search, .put: return .refused(problem(step, head, body))
        }
    }

    /// Whatever was asked, a 2xx may carry an error: its head may have been sent before the store knew.
    private static func isError(_ body: Span<UInt8>) -> Bool {
        guard body.count > 0, case .error = StoreReply.parse(body) else { return false }
        return true
    }

    private static func readCreated(_ step: S3Step, _ head: S3AnswerHead, _ body: Span<UInt8>) -> S3Answer {
        switch StoreReply.parse(body) {
        case .initiated(let uploadID):
            uploadID.utf8.count <= uploadIDBytesMax ? .created(uploadID: uploadID) : unreadable(step)
        case .error: .refused(problem(step, head, body))
        case .completed, .other, .malformed: unreadable(step)
        }
    }

    /// A 200 is sent before S3 knows how Complete ends: the body says it.
    private static func readCompleted(_ step: S3Step, _ head: S3AnswerHead, _ body: Span<UInt8>) -> S3Answer {
        switch StoreReply.parse(body) {
        case .completed: .completed
        case .error: .refused(problem(step, head, body))
        case .initiated, .other, .malformed: unreadable(step)
        }
    }

    /// S3's yes to PutObject is a 200 without a body, with an ETag. Any other is that of something before the store, a
    /// captive portal's say.
    private static func readPut(_ step: S3Step, _ head: S3AnswerHead, _ body: Span<UInt8>) -> S3Answer {
        guard head.status == 200, body.isEmpty, let etag = head.etag, !etag.isEmpty else { return unreadable(step) }
        return .stored(etag: etag)
    }

    /// Every object has an ETag. An answer without one, taken for an object's, would be somebody else's object.
    private static func readObject(_ step: S3Step, _ head: S3AnswerHead) -> S3Answer {
        guard let text = head.contentLength, let length = Decimal.parse(text.utf8Span.span),
            let length = Int64(exactly: length), let etag = head.etag, !etag.isEmpty
        else { return unreadable(step) }
        return .object(length: length, recordToken: head.recordToken)
    }

    private static func readUploads(_ step: S3Step, _ body: Span<UInt8>, key: String) -> S3Answer {
        let root = "ListMultipartUploadsResult"
        guard let keys = try? XMLTexts.all(at: [root, "Upload", "Key"], in: body),
            let ids = try? XMLTexts.all(at: [root, "Upload", "UploadId"], in: body), keys.count == ids.count
        else { return unreadable(step) }
        return .uploads(zip(keys, ids).filter { $0.0 == key && !$0.1.isEmpty }.map(\.1))
    }

    /// An answer that says yes in words that are not S3's: a gateway's, or half of one. It may have been done.
    private static func unreadable(_ step: S3Step) -> S3Answer { .refused(unreadable(step.name)) }

    package static func unreadable(_ name: String) -> S3Problem {
        S3Problem(status: 502, detail: "\(name): the answer is not S3's: is the endpoint right?")
    }

    private static func problem(_ step: S3Step, _ head: S3AnswerHead, _ body: Span<UInt8>) -> S3Problem {
        problem(step.name, head, body)
    }

    /// What an answer that is no success says.
    ///
    /// - Parameter name: of the request, for the message.
    package static func problem(_ name: String, _ head: S3AnswerHead, _ body: Span<UInt8>) -> S3Problem {
        let status = head.status
        guard case .error(let error) = StoreReply.parse(body) else {
            // An answer to HEAD has no body: status and region are all that it can say.
            let region = isRedirect(status) || status == 400 ? head.bucketRegion : nil
            let detail = "\(name): HTTP \(status)\(statusHint(status))"
            return S3Problem(status: status, detail: detail, region: region)
        }
        var detail = "\(name): HTTP \(status) \(error.code)"
        if !error.message.isEmpty { detail += ": " + error.message }
        if let region = error.region { detail += " (region \(region))" }
        if let requestID = error.requestID { detail += " (request \(requestID))" }
        detail = oneLine(detail)
        if let hint = hint(error.code) { detail += "; " + hint }
        let names = isRedirect(status) || error.code == "AuthorizationHeaderMalformed"
        let region = names ? error.region ?? head.bucketRegion : nil
        return S3Problem(status: status, code: oneLine(error.code), detail: detail, region: region)
    }

    private static func isRedirect(_ status: Int) -> Bool { [301, 302, 307, 308].contains(status) }

    /// What the operator can do about it.
    private static func hint(_ code: String) -> String? {
        switch code {
        case "SignatureDoesNotMatch": "check AWS_SECRET_ACCESS_KEY"
        case "InvalidAccessKeyId": "check AWS_ACCESS_KEY_ID"
        case "ExpiredToken", "InvalidToken", "ExpiredTokenException": "the session token is no longer valid"
        case "AccessDenied": "the key needs s3:PutObject, s3:AbortMultipartUpload and s3:DeleteObject on the bucket"
        case "NoSuchBucket": "check S3_BUCKET"
        case "BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch":
            "bytes are damaged on their way: check the network, what is between, and this machine's memory"
        case "RequestTimeTooSkewed": "set this machine's clock"
        case "AccessControlListNotSupported": "the bucket has no ACLs: unset SLUICE_S3_ACL"
        case "NotImplemented", "MethodNotAllowed": "the endpoint cannot do this: is it an S3?"
        case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
            "check AWS_REGION"
        default: nil
        }
    }

    private static func statusHint(_ status: Int) -> String {
        switch status {
        case 301, 302, 307, 308: "; check AWS_REGION and the endpoint"
        case 403: "; check the credentials and their rights"
        case 404: "; check S3_BUCKET"
        default: ""
        }
    }

    /// The store's text is for the log: one line, bounded, without control characters (those of ISO 8859, with which
    /// terminals can be steered, among them) and other line ends.
    private static func oneLine(_ text: String) -> String {
        var line = ""
        var rest = detailBytesMax
        for scalar in text.unicodeScalars {
            rest -= UTF8.width(scalar)
            guard rest >= 0 else { break }
            switch scalar.value {
            case 0 ..< 0x20, 0x7F ... 0x9F, 0x2028, 0x2029: line.unicodeScalars.append(" ")
            default: line.unicodeScalars.append(scalar)
            }
        }
        return line
    }
}
