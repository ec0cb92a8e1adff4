package import HTTPClient
internal import Linux
package import Reactor
package import SigV4
package import StoreStates

/// A bucket of S3 or of a server that speaks its language, reached by multipart uploads and PutObject.
package final class S3Store: UploadStore {
    /// How often open parts are looked at for progress.
    private static let progressCheckMilliseconds: Int64 = 5_000

    /// When clients may try again where credentials are missing: they are being fetched, or wait for the operator.
    private static let credentialsRetrySeconds = 5

    let loop: EventLoop
    let client: HTTPClient
    let requests: S3Requests
    private let configuration: S3Configuration
    package let publicBase: String?
    /// Uploads from Create to their end, each knowing its place.
    private var uploads: [S3Upload] = []
    private var isChecking = false
    private var breaker: StoreBreaker?
    private var budget = RetryBudget()
    /// How long to wait, out of so many milliseconds: those whom the same trouble met must not all come back at once.
    let jitter: (ClosedRange<Int64>) -> Int64
    package weak var observer: (any StoreObserver)?

    /// - Parameters:
    ///   - client: lives on `loop`.
    ///   - clock: milliseconds since 1970.
    package init(
        configuration: S3Configuration, loop: EventLoop, client: HTTPClient,
        clock: @escaping () -> Int64 = Clock.wallMilliseconds,
        jitter: @escaping (ClosedRange<Int64>) -> Int64 = { Int64.random(in: $0) }
    ) {
        self.configuration = configuration
        self.loop = loop
        self.client = client
        self.jitter = jitter
        requests = S3Requests(configuration: configuration, clock: clock)
        publicBase = configuration.publicBase
        breaker = StoreBreaker(limits: configuration.breaker, loop: loop, jitter: jitter) { [unowned self] completion in
            requests.probe().map { client.start($0, completion: completion) }
        } onChange: { [unowned self] condition, detail in
            observer?.breakerChanged(condition, detail: detail)
        }
    }

    /// What requests are signed with from now on; those under way keep their signature.
    package var credentials: Credentials? {
        get { requests.credentials }
        set { requests.credentials = newValue }
    }

    /// Called when the store says that the credentials have expired, for each such answer.
    package var onExpiredCredentials: (() -> Void)?

    /// Follows the store's word on what time it is.
    func adoptClock(date: String) -> Bool {
        guard requests.adoptClock(date: date) else { return false }
        observer?.clockLearned(aheadMilliseconds: requests.skewMilliseconds)
        return true
    }

    package func begin(
        key: String, contentType: String, recordToken: String, delegate: any StoreUploadDelegate
    ) -> any StoreUpload {
        upload(key: key, contentType: contentType, recordToken: recordToken, delegate: delegate)
    }

    package func beginPut(
        key: String, contentType: String, recordToken: String, delegate: any StoreUploadDelegate
    ) -> (any StorePut)? {
        upload(key: key, contentType: contentType, recordToken: recordToken, delegate: delegate)
    }

    private func upload(
        key: String, contentType: String, recordToken: String, delegate: any StoreUploadDelegate
    ) -> S3Upload {
        let subject = S3Requests.Subject(
            key: key, path: configuration.endpoint.path(key: key), contentType: contentType, recordToken: recordToken)
        return S3Upload(store: self, subject: subject, limits: configuration.retry, delegate: delegate)
    }

    /// Uploads that wait a quarter of an hour for their second look at the store.
    private var recheckingCount = 0

    /// Whether one more may stay for that; it is counted then until it is released.
    func takesRecheck(of upload: S3Upload) -> Bool {
        if upload.isRechecking { return true }
        guard recheckingCount < configuration.retry.recheckUploadsMax else { return false }
        upload.isRechecking = true
        recheckingCount += 1
        return true
    }

    package var openCount: Int { uploads.count }

    // MARK: the store's condition

    package func admission() -> StoreAdmission {
        guard requests.credentials != nil else {
            let detail = "there are no credentials to sign requests with"
            return .refused(retryAfterSeconds: Self.credentialsRetrySeconds, detail: detail)
        }
        return breaker?.admission() ?? .admitted
    }

    /// Nothing but a probe is asked of it, except for what is under way.
    var isDown: Bool { breaker?.isOpen ?? false }

    /// Whether an upload may ask it for the first time now: just after an outage only one a second may.
    func admitsRequest() -> Bool { breaker?.admitsRequest() ?? true }

    /// Why it is down.
    var downDetail: String { breaker?.detail ?? "" }

    /// Whether what a client waits for may be sent again.
    var mayRetry: Bool { !isDown && budget.allows(now: loop.now) }

    func countRetry() {
        budget.take()
        observer?.requestRepeated()
    }

    /// An answer, or the want of one, that is the store's own doing.
    func note(_ step: S3Step, _ answer: S3Answer) {
        let kind = step.breakerKind
        switch answer {
        case .created, .stored, .completed, .aborted, .gone, .object, .noObject, .uploads, .deleted:
            budget.succeeded()
            breaker?.succeeded(kind)
        case .refused(let problem):
            switch problem.errorClass {
            case .retryLater: if kind != .cleanup { breaker?.failed(kind, detail: problem.detail) }
            // Who says no in earnest is not down.
            case .ours, .theirs: breaker?.succeeded(kind)
            case .retryNow: break
            case .retrySignedAnew: onExpiredCredentials?()
            }
        case .lost(let problem, _): breaker?.failed(kind, detail: problem.detail)
        case .sourceFailed: break
        }
    }

    /// Follows the store's word that the bucket is in another region.
    func move(to region: String) -> Bool {
        let before = requests.location.region
        guard requests.move(to: region, now: loop.now) else { return false }
        if region != before { observer?.regionLearned(region) }
        return true
    }

    // MARK: open uploads

    func keep(_ upload: S3Upload) {
        guard upload.position < 0 else { return }
        upload.position = uploads.count
        uploads.append(upload)
        if !isChecking { checkLater() }
    }

    func release(_ upload: S3Upload) {
        guard upload.position >= 0 else { return }
        let last = uploads.removeLast()
        if last !== upload {
            uploads[upload.position] = last
            last.position = upload.position
        }
        upload.position = -1
        if upload.isRechecking {
            upload.isRechecking = false
            recheckingCount -= 1
        }
    }

    private func checkLater() {
        isChecking = true
        loop.schedule(afterMilliseconds: Self.progressCheckMilliseconds) { [weak self] in
            guard let self else { return }
            isChecking = false
            checkProgress()
            if !uploads.isEmpty { checkLater() }
        }
    }

    /// Looks at every open part; called by a timer of its own while uploads are open.
    package func checkProgress() {
        let now = loop.now
        // Giving one up may take it out of the list.
        for upload in uploads {
            upload.checkProgress(now: now, stallMilliseconds: configuration.partStallMilliseconds)
        }
    }
}
