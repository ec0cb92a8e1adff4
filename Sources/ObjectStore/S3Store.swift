package import HTTPClient
internal import Linux
package import Reactor
package import SigV4

/// A bucket of S3 or of a server that speaks its language, reached by multipart uploads.
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

    /// Called when the store says that the credentials have expired, for each such answer.
    package var onExpiredCredentials: (() -> Void)?

    package func begin(
        key: String, contentType: String, recordToken: String, delegate: any StoreUploadDelegate
    ) -> any StoreUpload {
        let subject = S3Requests.Subject(
            key: key, path: configuration.endpoint.path(key: key), contentType: contentType, recordToken: recordToken)
        return S3Upload(store: self, subject: subject, limits: configuration.retry, delegate: delegate)
    }

    package var readiness: StoreReadiness {
        if requests.credentials == nil { return .unready("there are no credentials to sign requests with") }
        if let refusal, loop.now - refusal.at < Self.refusalMilliseconds { return .unready(refusal.detail) }
        return .ready
    }

    package var openCount: Int { uploads.count }

    /// The last answer's complaint about ourselves (credentials, rights, bucket); nil since the store said yes.
    private var refusal: (detail: String, at: Int64)?

    func note(_ answer: S3Answer) {
        if case .refused(let problem) = answer, problem.saysExpiredCredentials { onExpiredCredentials?() }
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
