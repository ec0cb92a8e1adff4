internal import AWS
internal import Catalog
internal import Gateway
internal import HTTPClient
internal import Linux
internal import ObjectStore
internal import Reactor
internal import Recovery
internal import Settings
internal import Telemetry

/// `sluice recover`: what the daemon does at its start, by hand, with a line for each row.
package enum Recover {
    /// Ends the process: 0 when everything is settled, 1 when something is not.
    package static func run(_ request: SettingsRequest, isDryRun: Bool) -> Never {
        let settings = request.resolve().settings
        do {
            Signals.ignoreBrokenPipe()
            guard try Files.facts(settings.database) != nil else {
                Exit.failed(["sluice: there is no record at \(settings.database): check SLUICE_DATABASE"])
            }
            let lines =
                isDryRun ? try RecoverDryRun(settings).run() : try RecoverRun(settings).run()
            StandardStreams.flushOutput()
            lines.isEmpty ? Exit.done() : Exit.failed(lines.map { "sluice: \($0)" })
        } catch {
            StandardStreams.flushOutput()
            Exit.failed(["sluice: \(error)"])
        }
    }
}

/// The way to the store that both forms of the command take.
final class RecoverStore: CredentialObserver {
    let loop: EventLoop
    let port: FilesPort
    private let files: FilesThread
    private var client: HTTPClient?
    private var credentials: CredentialCache?
    private var s3: S3Keeper?
    private(set) var keeper: any StoreKeeper
    /// Told when there are credentials, and with a reason when there are none.
    var onCredentials: ((String?) -> Void)?

    init(_ settings: ResolvedSettings) throws {
        loop = try EventLoop()
        files = try FilesThread()
        port = try FilesPort(thread: files, loop: loop)
        let store = try ServicePlan.store(settings)
        if settings.store.isS3 {
            var configuration = HTTPClientConfiguration()
            configuration.caBundlePath = settings.aws.caBundle
            client = try LoopHTTPDriver.makeClient(on: loop, configuration: configuration)
        }
        (keeper, s3) = try StoreKeeping.make(store, loop: loop, client: client, files: port)
        guard let s3, let client, let region = settings.aws.region else { return }
        s3.credentials = CredentialSnapshot(ofEnvironment: settings.aws)?.credentials
        credentials = CredentialCache(
            CredentialOptions(settings.aws, region: region), client: client, loop: loop, observer: self)
    }

    func start() { credentials?.start() }

    func stop() {
        credentials?.stop()
        client?.close()
        files.stop()
    }

    func credentialsChanged(_ snapshot: CredentialSnapshot?) {
        s3?.credentials = snapshot?.credentials
        if snapshot != nil { onCredentials?(nil) }
    }

    func credentialsReported(_ report: CredentialReport) {
        if case .failing(let failure, isServing: false, retryAfterMilliseconds: _) = report {
            onCredentials?(failure.description)
        }
    }
}

/// Recovery itself, once.
private final class RecoverRun: RecoveryObserver {
    private let store: RecoverStore
    private let catalog: Catalog
    private let logging: LoggingSetup
    private var recovery: Recovery?
    private var report = RecoveryReport()
    private var expired = 0
    /// Rows that stay, each once, by the reason.
    private var kept: [Int64: String] = [:]
    private var swept = SweepState.Report()
    private var failures: [String] = []

    init(_ settings: ResolvedSettings) throws {
        logging = try LoggingSetup(settings)
        store = try RecoverStore(settings)
        var configuration = CatalogConfiguration()
        configuration.unregisteredMilliseconds = settings.unregisteredSeconds.map { $0 * 1_000 }
        catalog = try Catalog(
            path: settings.database, configuration: configuration, logger: logging.logger("catalog"))
        recovery = try Recovery(
            loop: store.loop, catalog: catalog, files: store.port, keeper: store.keeper,
            unregisteredMilliseconds: settings.unregisteredSeconds.map { $0 * 1_000 },
            orphanMilliseconds: settings.orphanAgeSeconds * 1_000, observer: self)
    }

    /// - Returns: what is not settled, in one line each.
    func run() -> [String] {
        store.onCredentials = { [unowned self] failure in
            if let failure { fail(failure) } else { recovery?.poke() }
        }
        store.start()
        recovery?.start()
        store.loop.run()
        recovery?.stop()
        store.stop()
        catalog.close()
        logging.sink.close()
        print(
            """
            \(report.stored) stored, \(report.aborted) removed, \(expired) expired, \(kept.count) kept for later; \
            \(swept.removed) unknown uploads aborted
            """)
        return failures
    }

    private func fail(_ line: String) {
        failures.append(line)
        store.loop.stop()
    }

    func recoverySettled(_ settlement: RecoveryState.Settlement) {
        let row = settlement.row
        kept[row.imageID] = nil
        switch settlement.fate {
        case .stored:
            report.stored += 1
            print("image \(row.imageID) \(row.key): stored")
        case .aborted:
            report.aborted += 1
            print("image \(row.imageID) \(row.key): removed")
        case .expired:
            expired += 1
            print("image \(row.imageID) \(row.key): expired")
        case .passedOver: break
        }
    }

    func recoveryKept(_ row: RecoveryRow, detail: String) {
        guard kept.updateValue(detail, forKey: row.imageID) == nil else { return }
        print("image \(row.imageID) \(row.key): kept for later, \(detail)")
    }

    func recoveryFinished(_ report: RecoveryReport) {}

    func recoveryHas(rows: Int, kept: Int) {
        guard let recovery, recovery.isSettled else { return }
        if kept > 0 { failures.append("\(kept) rows are kept for later: run it again when the store answers") }
        store.loop.stop()
    }

    func recoveryFailed(_ detail: String) { fail(detail) }

    func sweepRemoved(key: String, uploadID: String, failure: String?) {
        let outcome = failure.map { "still there, \($0)" } ?? "aborted"
        print("unknown upload \(uploadID) \(key): \(outcome)")
    }

    func sweepEnded(_ report: SweepState.Report) {
        swept = report
        if let trouble = report.trouble { failures.append("the sweep for unknown uploads ended early: \(trouble)") }
        if report.failed > 0 { failures.append("\(report.failed) unknown uploads could not be aborted") }
    }
}
