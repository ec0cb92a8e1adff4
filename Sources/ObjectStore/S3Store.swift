package import HTTPClient
internal import Linux
package import Reactor
package import SigV4

/// A bucket of S3 or of a server that speaks its language, reached by multipart uploads and PutObject.
package final class S3Store: UploadStore {
    /// How often open parts are looked at for progress.
    private static let progressCheckMilliseconds: Int64 = 5_000

    /// A refusal makes the store unready for so long: who sends nothing to an unready server would never see it heal.
    private static let refusalMilliseconds: Int64 = 15_000

    let loop: EventLoop
    let client: HTTPClient
    let requests: S3Requests
    private let configuration: S3Configuration
    package let publicBase: String?
    /// Uploads from Create to their end, each knowing its place.
    private var uploads: [S3Upload] = []
    private var isChecking = false

    /// - Parameters:
    ///   - client: lives on `loop`.
    ///   - clock: milliseconds since 1970.
    package init(
        configuration: S3Configuration, loop: EventLoop, client: HTTPClient,
        clock: @escaping () -> Int64 = Clock.wallMilliseconds
    ) {
        self.configuration = configuration
        self.loop = loop
        self.client = client
        requests = S3Requests(configuration: configuration, clock: clock)
        publicBase = configuration.publicBase
    }

    /// What requests are signed with from now on; those under way keep their signature.
    package var credentials: Credentials? {
        get { requests.credentials }
        set { requests.credentials = newValue }
    }

    /// Called when the store's clock was found to be so many milliseconds ahead of ours, which it does not bear.
    package var onClockSkew: ((Int64) -> Void)?

    func adoptClock(date: String) -> Bool {
        guard requests.adoptClock(date: date) else { return false }
        onClockSkew?(requests.skewMilliseconds)
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

    /// Uploads among which one may wait a quarter of an hour for its second look at the store; past it such an upload
    /// ends at once, and is left to recovery.
    private static let recheckUploadsMax = 512

    /// Whether an upload may stay for that.
    var hasRoomToRecheck: Bool { uploads.count <= Self.recheckUploadsMax }

    package var readiness: StoreReadiness {
        if requests.credentials == nil { return .unready("there are no credentials to sign requests with") }
        if let refusal, loop.now - refusal.at < Self.refusalMilliseconds { return .unready(refusal.detail) }
        return .ready
    }

    package var openCount: Int { uploads.count }

    /// The last answer's complaint about ourselves (credentials, rights, bucket); nil since the store said yes.
    private var refusal: (detail: String, at: Int64)?

    func note(_ answer: S3Answer) {
        switch answer {
        case .refused(let problem) where !problem.isTransient && !problem.isNoSuchUpload: 
            refusal = (problem.detail, loop.now)
        case .created, .stored, .completed: refusal = nil
        default: break
        }
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
