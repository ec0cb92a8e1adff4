internal import Gateway
internal import Linux
internal import Logging
internal import ObjectStore
internal import Reactor
internal import Telemetry
internal import Tokens
internal import Uploads

/// Turns what happens to a worker's requests into log lines, counts and reports to the control thread.
final class WorkerObserver: UploadObserver {
    private let telemetry: WorkerTelemetry
    private let accessLog: AccessLog
    private let reports: Mailbox<WorkerReport>
    /// What was reported last, so that only changes cross the threads.
    private var condition = StoreCondition.good

    init(telemetry: WorkerTelemetry, reports: Mailbox<WorkerReport>) {
        self.telemetry = telemetry
        accessLog = telemetry.makeAccessLog()
        self.reports = reports
    }

    func requestEnded(_ record: RequestRecord) {
        telemetry.count(record)
        accessLog.write(
            AccessRecord(
                wallMilliseconds: record.startedAt + record.totalMicroseconds / 1_000, requestID: record.requestID,
                remote: record.peer.ip, method: record.method, path: record.path, status: record.status,
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

    func connectionClosed() { telemetry.metrics.connectionsOpen.add(-1) }

    func uploadBegan() { telemetry.metrics.uploadsOpen.add(1) }

    func uploadEnded(wasAborted: Bool) {
        telemetry.metrics.uploadsOpen.add(-1)
        if wasAborted { telemetry.metrics.uploadsAborted.add() }
    }

    func badSignature() { _ = reports.post(.badSignature) }

    func storeSucceeded() {
        telemetry.metrics.uploadsStored.add()
        report(.good)
    }

    func storeFailed(_ failure: StoreFailure, requestID: String) {
        switch failure.kind {
        case .clientSide: return
        case .refused:
            telemetry.logger.error(
                "the store refuses an upload: \(failure)", metadata: ["request_id": "\(requestID)"])
            report(.refusing(failure.description))
        case .unavailable, .ambiguous:
            telemetry.logger.error(
                "the store failed an upload: \(failure)", metadata: ["request_id": "\(requestID)"])
            report(.unavailable(failure.description))
        }
    }

    func diskFailed(_ detail: String, requestID: String) {
        telemetry.logger.error("the disk failed an upload: \(detail)", metadata: ["request_id": "\(requestID)"])
    }

    func journalFailed(_ detail: String, requestID: String) {
        telemetry.logger.error("an upload was refused: \(detail)", metadata: ["request_id": "\(requestID)"])
    }

    private func report(_ new: StoreCondition) {
        guard new != condition else { return }
        // A full mailbox leaves the old condition: the next request reports again.
        if reports.post(.store(new)) { condition = new }
    }
}
