internal import Bytes
package import HTTPClient
internal import Linux
package import SigV4
package import StoreStates

/// Asks a bucket whether it is there, and whether the credentials may do what uploads need. It opens one multipart
/// upload without a part and aborts it: nothing is left, and should it be killed in between, the upload's key is one
/// that the sweep of old uploads knows. Lives on the loop of its client.
package final class S3Inspection {
    package enum Finding: Equatable, Sendable {
        case good(String)
        case doubtful(String)
        case bad(String)
    }

    private let requests: S3Requests
    private let client: HTTPClient
    private let subject: S3Requests.Subject
    private let completion: ([Finding]) -> Void
    private var findings: [Finding] = []
    private var transfer: HTTPTransfer?
    private var hasMoved = false
    private var hasAdoptedClock = false
    private var abortsLeft = S3Inspection.abortsMax

    private static let abortsMax = 4
    /// What the store's clock may differ by before it is worth a word; S3 itself bears fifteen minutes.
    private static let skewMillisecondsMax: Int64 = 30_000

    /// - Parameter key: of an object that is not there, of the form of our own.
    package init(
        configuration: S3Configuration, client: HTTPClient, credentials: Credentials, key: String,
        recordToken: String, completion: @escaping ([Finding]) -> Void
    ) {
        requests = S3Requests(configuration: configuration, clock: Clock.wallMilliseconds)
        requests.credentials = credentials
        self.client = client
        self.completion = completion
        subject = S3Requests.Subject(
            key: key, path: configuration.endpoint.path(key: key), contentType: "image/jpeg",
            recordToken: recordToken)
    }

    package func start() { askForBucket() }

    // MARK: - The bucket

    private func askForBucket() {
        send(requests.probe()) { [self] response in
            guard response.status != 403 || !adoptClock(of: response) else { return askForBucket() }
            if let region = response.fields.value(of: "x-amz-bucket-region"), response.status >= 300, !hasMoved,
                requests.location.region != region, requests.move(to: region, now: Clock.monotonicMilliseconds()) {
                hasMoved = true
                findings.append(.doubtful("the bucket is in \(region); set AWS_REGION to that"))
                return askForBucket()
            }
            noteClock(of: response)
            judgeBucket(status: response.status)
        }
    }

    private func judgeBucket(status: Int) {
        switch status {
        case 200 ..< 300: findings.append(.good("the bucket answers at \(requests.location.endpoint.origin)"))
        case 404: return end(.bad("there is no such bucket; check S3_BUCKET and the endpoint"))
        case 403:
            findings.append(
                .doubtful(
                    """
                    the bucket may not be listed, so that a missing object looks like a forbidden one and what became \
                    of a lost answer cannot be told; give the credentials s3:ListBucket, or check them
                    """))
        default:
            return end(
                .bad("HTTP \(status) for the bucket at \(requests.location.endpoint.origin); is that an S3 endpoint?"))
        }
        open()
    }

    private func adoptClock(of response: HTTPResponse) -> Bool {
        guard !hasAdoptedClock, let date = response.fields.value(of: "date") else { return false }
        hasAdoptedClock = true
        return requests.adoptClock(date: date)
    }

    private func noteClock(of response: HTTPResponse) {
        guard let date = response.fields.value(of: "date"),
            let theirs = CivilTime.milliseconds(imfFixdate: date.utf8Span.span)
        else { return }
        let skew = theirs - Clock.wallMilliseconds()
        guard abs(skew) >= Self.skewMillisecondsMax else { return }
        let side = skew > 0 ? "behind" : "ahead of"
        findings.append(
            .doubtful(
                """
                this machine's clock is \(abs(skew) / 1_000) s \(side) the store's; set it (chrony, timesyncd): \
                tokens are judged by it
                """))
    }

    // MARK: - An upload that is taken back

    private func open() {
        send(requests.request(.create, subject, body: nil), lost: { [self] _ in search() }, { [self] response in
            switch read(.create, response) {
            case .created(let uploadID): abort(uploadID) { [self] in
                findings.append(.good("an upload can be opened and aborted"))
                search()
            }
            case .refused(let problem): end(.bad("no upload can be opened: \(problem.detail)"))
            default: end(.bad("no upload can be opened: the answer makes no sense"))
            }
        })
    }

    private func abort(_ uploadID: String, then next: @escaping () -> Void) {
        abortsLeft -= 1
        guard abortsLeft >= 0 else {
            return end(
                .bad(
                    """
                    the upload \(uploadID) of \(subject.key) could not be aborted and is left; give the credentials \
                    s3:AbortMultipartUpload, and abort it
                    """))
        }
        let again: (HTTPFailure) -> Void = { [self] _ in abort(uploadID, then: next) }
        send(requests.request(.abort(uploadID: uploadID), subject, body: nil), lost: again, { [self] response in
            switch read(.abort(uploadID: uploadID), response) {
            case .aborted, .gone: next()
            default: abort(uploadID, then: next)
            }
        })
    }

    /// Whether recovery will find what it has to abort; and an upload whose Create was not answered.
    private func search() {
        send(requests.request(.search, subject, body: nil)) { [self] response in
            switch read(.search, response) {
            case .uploads(let ids):
                guard let id = ids.first else { return lookForObject() }
                abort(id) { [self] in search() }
            case .refused(let problem):
                findings.append(
                    .doubtful(
                        """
                        open uploads cannot be listed, so that recovery cannot find some of what it has to abort; give \
                        the credentials s3:ListBucketMultipartUploads (\(problem.detail))
                        """))
                lookForObject()
            default: lookForObject()
            }
        }
    }

    private func lookForObject() {
        send(requests.request(.head, subject, body: nil)) { [self] response in
            switch read(.head, response) {
            case .refused(let problem):
                end(.doubtful("an object cannot be looked at: \(problem.detail); s3:GetObject is needed"))
            default: end(nil)
            }
        }
    }

    // MARK: - Requests

    private func send(
        _ request: HTTPRequest?, lost: ((HTTPFailure) -> Void)? = nil,
        _ answered: @escaping (HTTPResponse) -> Void
    ) {
        guard let request else { return end(.bad("there are no credentials to sign with")) }
        transfer = client.start(request) { [self] result in
            transfer = nil
            switch result {
            case .success(let response): answered(response)
            case .failure(let failure):
                if let lost { return lost(failure) }
                end(.bad("no answer of \(requests.location.endpoint.origin): \(failure.detail)"))
            }
        }
    }

    private func read(_ step: S3Step, _ response: HTTPResponse) -> S3Answer {
        var head = S3AnswerHead(status: response.status)
        head.etag = response.fields.value(of: "etag")
        head.contentLength = response.fields.value(of: "content-length")
        return S3AnswerReader.read(step, head, body: response.body.span, key: subject.key)
    }

    private func end(_ last: Finding?) {
        if let last { findings.append(last) }
        completion(findings)
    }
}
