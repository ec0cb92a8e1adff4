internal import AWS
internal import Gateway
internal import HTTPClient
internal import Logging
internal import ObjectStore
internal import Reactor
internal import Recovery
internal import Settings
internal import Telemetry

/// Recovery, expiry and sweep: they run on the control thread, beside whatever it does.
extension Control {
    func makeRecovery(_ plan: ServicePlan, logging: LoggingSetup) throws {
        let port = try FilesPort(thread: files, loop: loop)
        let (keeper, s3) = try StoreKeeping.make(plan.store, loop: loop, client: client, files: port)
        s3?.credentials = CredentialSnapshot(ofEnvironment: settings.aws)?.credentials
        s3?.onExpiredCredentials = { [unowned self] in
            if let generation = credentialCache?.snapshot?.generation {
                credentialCache?.refused(generation: generation)
            }
        }
        self.keeper = s3
        let watch = RecoveryWatch(
            logger: logging.logger("recovery"),
            metrics: RecoveryMetrics(registry, fates: RecoveryState.Fate.allCases.map(\.rawValue)))
        recoveryWatch = watch
        recovery = try Recovery(
            loop: loop, catalog: catalog, files: port, keeper: keeper,
            unregisteredMilliseconds: settings.unregisteredSeconds.map { $0 * 1_000 },
            orphanMilliseconds: settings.orphanAgeSeconds * 1_000, observer: watch)
    }
}

/// The keeper of the store that the settings name.
enum StoreKeeping {
    /// - Parameter client: on `loop`; there is one where the store is S3.
    static func make(
        _ store: ServicePlan.Store, loop: EventLoop, client: HTTPClient?, files: FilesPort
    ) throws -> (keeper: any StoreKeeper, s3: S3Keeper?) {
        switch store {
        case .s3(let configuration):
            guard let client else { throw StartProblem("there is no client for the store") }
            let keeper = S3Keeper(configuration: configuration, loop: loop, client: client)
            return (keeper, keeper)
        case .directory(let path, _): return (DirectoryKeeper(directory: path, files: files), nil)
        }
    }
}

/// Turns what recovery does into log lines and counts.
final class RecoveryWatch: RecoveryObserver {
    private let logger: Logger
    private let metrics: RecoveryMetrics
    /// One line for each row that stays, not one for each attempt.
    private var told: [Int64: String] = [:]
    private static let toldMax = 1_000

    init(logger: Logger, metrics: RecoveryMetrics) {
        self.logger = logger
        self.metrics = metrics
    }

    func recoverySettled(_ settlement: RecoveryState.Settlement) {
        metrics.settled(settlement.fate.rawValue)
        let row = settlement.row
        told[row.imageID] = nil
        let metadata: Logger.Metadata = ["image_id": "\(row.imageID)", "key": "\(row.key)"]
        switch settlement.fate {
        case .stored: logger.notice("an upload that was left unfinished is complete in the store", metadata: metadata)
        case .aborted where settlement.leavesOthers:
            logger.warning(
                """
                an upload that was left unfinished was removed; others of its key, if there are any, are left to the \
                sweep, since the store does not list or abort them
                """, metadata: metadata)
        case .aborted: logger.info("an upload that was left unfinished was removed", metadata: metadata)
        case .expired: logger.info("an image that nobody registered in time was deleted", metadata: metadata)
        case .passedOver: logger.debug("a row was settled by somebody else", metadata: metadata)
        }
    }

    func recoveryKept(_ row: RecoveryRow, detail: String) {
        guard told[row.imageID] != detail, told.count < Self.toldMax || told[row.imageID] != nil else { return }
        told[row.imageID] = detail
        logger.warning(
            "an upload that was left unfinished stays so for now: \(detail)",
            metadata: ["image_id": "\(row.imageID)", "key": "\(row.key)", "state": "\(row.state.rawValue)"])
    }

    func recoveryFinished(_ report: RecoveryReport) {
        metrics.passes.add()
        logger.notice(
            """
            recovery finished: \(report.total) rows, \(report.stored) stored, \(report.aborted) removed, \
            \(report.kept) kept for later
            """,
            metadata: ["ms": "\(report.milliseconds)"])
    }

    func recoveryHas(rows: Int, kept: Int) { metrics.set(backlog: rows, kept: kept) }

    func recoveryFailed(_ detail: String) { logger.error("recovery cannot read the record: \(detail)") }

    func sweepRemoved(key: String, uploadID: String, failure: String?) {
        if let failure {
            logger.warning(
                "an unfinished upload that no row knows is still there: \(failure)", metadata: ["key": "\(key)"])
        } else {
            metrics.swept.add()
            logger.notice("an unfinished upload that no row knows was aborted", metadata: ["key": "\(key)"])
        }
    }

    func sweepEnded(_ report: SweepState.Report) {
        metrics.sweeps.add()
        if let trouble = report.trouble {
            logger.warning("the sweep for unknown uploads ended early: \(trouble)")
        } else {
            logger.info(
                "the sweep for unknown uploads saw \(report.seen), and removed \(report.removed)",
                metadata: ["failed": "\(report.failed)"])
        }
    }
}
