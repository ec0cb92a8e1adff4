internal import Gateway
internal import Linux
internal import Logging
internal import ObjectStore
internal import Reactor
internal import Serving
internal import StoreStates
internal import Telemetry
internal import Tokens
internal import Uploads

/// Turns what happens to a worker's requests into log lines, counts and reports to the control thread.
final class WorkerObserver: UploadObserver, StoreObserver {
    private let worker: Int
    private let telemetry: WorkerTelemetry
    private let accessLog: AccessLog
    private let reports: Mailbox<WorkerReport>
    /// What was reported last, so that only changes cross the threads.
    private var condition = StoreCondition.good
    private var reportedAt: Int64 = 0
    private var breaker = (condition: StoreBreakerCondition.closed, detail: "")
    private var throttle = LineThrottle()
    private var complainedOfAcceptingAt = Int64.min
    /// It is tried again ten times a second, for as long as it takes.
    private static let acceptComplaintMilliseconds: Int64 = 10_000
    private var clockToldAt = Int64.min
    private static let clockComplaintMilliseconds: Int64 = 60_000
    private var badSignatureAt = -WorkerObserver.badSignatureMilliseconds
    private static let badSignatureMilliseconds: Int64 = 1_000
    private static let repeatMilliseconds = StoreHealth.troubleMilliseconds / 3

    init(worker: Int, telemetry: WorkerTelemetry, reports: Mailbox<WorkerReport>) {
        self.worker = worker
        self.telemetry = telemetry
        accessLog = telemetry.makeAccessLog()
        self.reports = reports
    }

    func requestEnded(_ record: RequestRecord) {
        telemetry.count(record)
        accessLog.write(
            AccessRecord(
                wallMilliseconds: record.startedAt + record.totalMicroseconds / 1_000, requestID: record.requestID,
                remote: record.remote, method: record.method, path: record.path, status: record.status,
                error: record.refusal?.row.error, subject: record.subject, imageID: record.imageID,
                bytesIn: record.bytesIn, bytesOut: record.bytesOut, totalMicroseconds: record.totalMicroseconds,
                storeMicroseconds: record.storeMicroseconds))
        guard let defect = record.tokenDefect else { return }
        telemetry.logger.debug(
            "a token was refused: \(defect.rawValue)", metadata: ["request_id": "\(record.requestID)"])
    }

    func connectionOpened() {
        telemetry.metrics.connectionsAccepted.add()
        telemetry.metrics.connectionsOpen.add(1)
    }

    func connectionRefused() { telemetry.metrics.connectionsRefused.add() }

    func connectionClosed() { telemetry.metrics.connectionsOpen.add(-1) }

    func handshakeEnded(_ outcome: HandshakeOutcome) {
        switch outcome {
        case .established: telemetry.metrics.handshakes.add(.established)
        case .failed(let failure):
            telemetry.metrics.handshakes.add(.failed)
            telemetry.logger.debug("a TLS handshake failed: \(failure)")
        case .unfinished: telemetry.metrics.handshakes.add(.unfinished)
        case .pushedOut: telemetry.metrics.handshakes.add(.pushedOut)
        }
    }

    func uploadBegan() { telemetry.metrics.uploadsOpen.add(1) }

    func uploadEnded(wasAborted: Bool) {
        telemetry.metrics.uploadsOpen.add(-1)
        if wasAborted { telemetry.metrics.uploadsAborted.add() }
    }

    /// Where the mailbox is full, the next start finds it.
    func uploadLeft(imageID: Int64) { _ = reports.post(.unsettled(imageID: imageID)) }

    /// A flood of them would wake the control thread for each, which asks SSM twice a minute at most.
    func badSignature() {
        let now = Clock.monotonicMilliseconds()
        guard now - badSignatureAt >= Self.badSignatureMilliseconds else { return }
        if reports.post(.badSignature) { badSignatureAt = now }
    }

    func storeSucceeded() {
        telemetry.metrics.uploadsStored.add()
        report(.good)
    }

    func storeFailed(_ failure: StoreFailure, requestID: String) {
        guard failure.kind != .clientSide else { return }
        let what = failure.kind == .refused ? "the store refuses an upload" : "the store failed an upload"
        // S3 names the request in its words, so that no two are alike.
        complain(
            "\(what): \(failure)", requestID: requestID, kind: "\(what): \(failure.step) \(failure.code ?? "")")
        // What an abort meets says nothing of the uploads that follow.
        guard failure.step != .abort else { return }
        // Nor does it that an upload had no turn at a store that has just come back.
        guard failure.kind == .refused || breaker.condition != .halfOpen else { return }
        report(
            failure.kind == .refused ? .refusing(failure.description) : .unavailable(failure.description))
    }

    func storeRefusedUpload(_ detail: String, requestID: String) {
        telemetry.metrics.store.turnedAway.add()
        complain("an upload was refused by its head: \(detail)", requestID: requestID)
        switch breaker.condition {
        case .closed: report(.unavailable(detail))
        case .open: report(.down(breaker.detail), byBreaker: true)
        case .halfOpen: break
        }
    }

    func diskFailed(_ detail: String, requestID: String) {
        complain("the disk failed an upload: \(detail)", requestID: requestID)
    }

    func journalFailed(_ detail: String, requestID: String) {
        complain("an upload was refused: \(detail)", requestID: requestID)
    }

    func recordFailed(_ detail: String, requestID: String) {
        complain("a record could not be asked for: \(detail)", requestID: requestID)
    }

    func limitReached(_ detail: String, _ requestID: String) { complain(detail, requestID: requestID) }

    /// A connection could not be taken on: it and those behind it wait in the kernel's queue.
    func acceptFailed(_ error: SystemError) {
        let now = Clock.monotonicMilliseconds()
        guard complainedOfAcceptingAt == .min || now - complainedOfAcceptingAt >= Self.acceptComplaintMilliseconds
        else { return }
        complainedOfAcceptingAt = now
        telemetry.logger.error("connections wait, none can be accepted: \(error)", metadata: ["worker": "\(worker)"])
    }

    // MARK: - The store itself

    func breakerChanged(_ new: StoreBreakerCondition, detail: String) {
        if new == .open { telemetry.metrics.store.breakerOpened() }
        if breaker.condition == .open { telemetry.metrics.store.breakerLeftOpen() }
        breaker = (new, detail)
        let metadata: Logger.Metadata = ["worker": "\(worker)"]
        switch new {
        case .open:
            telemetry.logger.error(
                "the store is down, uploads get 503 until it answers again: \(detail)", metadata: metadata)
            report(.down(detail), byBreaker: true)
        case .halfOpen:
            telemetry.logger.notice("the store answers again, one upload a second is tried", metadata: metadata)
            report(.good, byBreaker: true)
        case .closed:
            telemetry.logger.notice("the store serves again", metadata: metadata)
            report(.good, byBreaker: true)
        }
    }

    func requestRepeated() { telemetry.metrics.store.retries.add() }

    func repetitionDenied() { telemetry.metrics.store.retriesDenied.add() }

    /// Servers behind one name may disagree, and be heeded in turns.
    func clockLearned(aheadMilliseconds: Int64) {
        let now = Clock.monotonicMilliseconds()
        guard clockToldAt == .min || now - clockToldAt >= Self.clockComplaintMilliseconds else { return }
        clockToldAt = now
        let seconds = abs(aheadMilliseconds) / 1_000
        let side = aheadMilliseconds < 0 ? "ahead of" : "behind"
        telemetry.logger.warning(
            "this machine's clock is \(seconds) s \(side) the store's, whose time requests are signed with: set it",
            metadata: ["worker": "\(worker)"])
    }

    func regionLearned(_ region: String) {
        telemetry.logger.warning(
            "the bucket is in \(region), where requests go from now on: set AWS_REGION",
            metadata: ["worker": "\(worker)"])
    }

    /// - Parameter kind: what lines of trouble are told apart by; nil: their text.
    private func complain(_ text: String, requestID: String, kind: String? = nil) {
        guard let leftOut = throttle.admit(kind ?? text, now: Clock.monotonicMilliseconds()) else { return }
        var metadata: Logger.Metadata = ["request_id": "\(requestID)"]
        if leftOut > 0 { metadata["left_out"] = "\(leftOut)" }
        telemetry.logger.error("\(text)", metadata: metadata)
    }

    /// - Parameter byBreaker: what single uploads meet while it is open says nothing beyond it.
    private func report(_ new: StoreCondition, byBreaker: Bool = false) {
        guard byBreaker || breaker.condition != .open else { return }
        let now = Clock.monotonicMilliseconds()
        // Trouble is repeated, since it is forgotten without news.
        guard new != condition || new != .good && now - reportedAt >= Self.repeatMilliseconds else { return }
        // A full mailbox leaves the old condition: the next request reports again.
        guard reports.post(.store(worker: worker, new)) else { return }
        condition = new
        reportedAt = now
    }
}
