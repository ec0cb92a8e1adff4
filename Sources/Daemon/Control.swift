internal import AWS
internal import Catalog
internal import HTTPClient
internal import Linux
internal import Logging
internal import ObjectStore
internal import Reactor
internal import Recovery
internal import Serving
internal import Settings
internal import SigV4
internal import Systemd
internal import TLS
internal import Telemetry

/// The main thread: starts the others, keeps the secret fresh, answers the admin listener, and sees to a polite end.
final class Control {
    let settings: ResolvedSettings
    let isDevelopment: Bool
    let logger: Logger
    let loop: EventLoop
    let catalog: Catalog
    let files: FilesThread
    let registry = MetricsRegistry()
    private let admin: ServingWorker
    private let reports: Mailbox<WorkerReport>
    private let signals: SignalDescriptor
    private let listeners: [ListeningSocket]
    /// nil: the public listeners speak plain HTTP.
    let certificateFiles: CertificateFiles?
    private let adminListener: ListeningSocket
    private var workers: [WorkerHandle] = []
    var secretCache: SecretCache?
    /// nil: nothing here asks AWS.
    var credentialCache: CredentialCache?
    private(set) var client: HTTPClient?
    var recovery: Recovery?
    /// nil: the store is a directory.
    var keeper: S3Keeper?
    var recoveryWatch: RecoveryWatch?
    private(set) var snapshot: SecretSnapshot?
    private var store: StoreHealth
    private var phase = Phase.starting
    private var exitCode: Int32 = 0

    private enum Phase {
        case starting
        case serving
        /// Ends by itself when every worker is done, or by force at the deadline.
        case draining(workersLeft: Int)
        case ended
    }

    private struct WorkerHandle {
        let thread: Thread
        let commands: Mailbox<WorkerCommand>
    }

    private static let reportsMax = 65_536
    private static let commandsMax = 1_024
    /// What the ends of cancelled uploads (aborts) may take after the grace for draining is over.
    private static let cancelMilliseconds: Int64 = 5_000

    init(_ settings: ResolvedSettings, isDevelopment: Bool, logging: LoggingSetup) throws {
        self.settings = settings
        self.isDevelopment = isDevelopment
        logger = logging.logger("daemon")
        let openFilesMax = try OpenFilesLimit.current()
        let plan = try ServicePlan(settings, isDevelopment: isDevelopment, openFilesMax: openFilesMax)
        loop = try EventLoop()
        reports = try Mailbox(capacity: Self.reportsMax)
        signals = try SignalDescriptor([.terminate, .interrupt, .hangup])
        certificateFiles = settings.tls.map(CertificateFiles.init)
        let tlsContext = try Self.loadCertificates(certificateFiles, logger: logger)
        if isDevelopment { try Directories.makePrivate(SettingsContext.developmentDirectory) }
        let permissions = settings.unixSocketPermissions
        listeners = try Listening.open(settings.listen, unixPermissions: permissions)
        adminListener = try Listening.openOne(settings.adminListen, unixPermissions: permissions)
        files = try FilesThread()
        let spool = try Directories.openSpool(settings, slotsMax: plan.descriptors.spoolSlots)
        var record = CatalogConfiguration()
        record.unregisteredMilliseconds = settings.unregisteredSeconds.map { $0 * 1_000 }
        record.idempotency.keyMilliseconds = settings.idempotencySeconds * 1_000
        record.idempotency.keysMax = settings.idempotencyKeysMax
        catalog = try Catalog(path: settings.database, configuration: record, logger: logging.logger("catalog"))
        var adminLimits = ServingLimits()
        adminLimits.connectionsMax = DescriptorBudget.adminConnectionsMax
        admin = ServingWorker(loop: loop, limits: adminLimits)
        store = StoreHealth()
        snapshot = try SecretSource(settings).readIfFixed()
        client = try makeAWS()
        try makeRecovery(plan, logging: logging)
        try startWorkers(plan, tlsContext: tlsContext, spool: spool, logging: logging)
        if plan.descriptors.isTight {
            logger.warning(
                """
                the limit of \(openFilesMax) open files leaves room for \(plan.descriptors.connectionsMax) \
                connections, \(plan.descriptors.uploadsMax) of them uploading: raise it (LimitNOFILE=, ulimit -n), or \
                lower SLUICE_CONNECTIONS_MAX
                """)
        }
        if spool.isInMemory {
            logger.warning(
                "the spool \(spool.directory) is in memory: set SLUICE_SPOOL_DIR to a directory on a disk")
        }
    }

    /// Runs until the end and returns the exit code.
    func run() -> Int32 {
        do {
            try loop.receive(from: reports) { [unowned self] in take($0) }
            _ = try loop.register(signals.raw, interest: .read, handler: SignalHandler { [unowned self] in
                takeSignals()
            })
            try Listener(socket: adminListener, worker: admin) { [unowned self] _ in
                AdminHandler(readiness: { [unowned self] in readiness }, metrics: registry)
            }
        } catch {
            logger.critical("cannot start: \(error)")
            return 1
        }
        credentialCache?.start()
        recovery?.start()
        startWatchdog()
        reloadCertificatesByTime()
        loop.run()
        return finish()
    }

    // MARK: - Start

    private func startWorkers(
        _ plan: ServicePlan, tlsContext: TLSContext?, spool: Spool, logging: LoggingSetup
    ) throws {
        // What comes through a Unix socket has not left the machine: a proxy has ended TLS.
        let shares = listeners.map { socket in
            (socket, ListenerShare(workers: settings.workers), tlsContext != nil && !socket.isUnix)
        }
        let shared = SharedLimits(plan)
        for index in 0 ..< settings.workers {
            let commands = try Mailbox<WorkerCommand>(capacity: Self.commandsMax)
            let setup = WorkerSetup(
                index: index, plan: plan, listeners: shares, tlsContext: tlsContext, catalog: catalog, spool: spool,
                files: files, shared: shared,
                telemetry: WorkerTelemetry(registry: registry, logging: logging), secrets: snapshot,
                credentials: CredentialSnapshot(ofEnvironment: settings.aws), commands: commands, reports: reports)
            let thread = try Thread.start(name: "worker-\(index)") { Worker.run(setup) }
            workers.append(WorkerHandle(thread: thread, commands: commands))
        }
    }

    private func startWatchdog() {
        guard let milliseconds = ServiceManager.watchdogMilliseconds else { return }
        ServiceManager.watchdog()
        loop.schedule(afterMilliseconds: max(milliseconds / 3, 1)) { [unowned self] in startWatchdog() }
    }

    // MARK: - Events

    private func take(_ report: WorkerReport) {
        switch report {
        case .started: workerStarted()
        case .failed(let reason):
            logger.critical("a worker cannot run: \(reason)")
            exitCode = 1
            loop.stop()
        case .badSignature: secretCache?.badSignature()
        case .expiredCredentials(let generation): credentialCache?.refused(generation: generation)
        case .store(let worker, let condition): store.report(condition, worker: worker, now: loop.now)
        case .unsettled(let imageID): recovery?.adopt(imageID: imageID)
        case .drained: workerDrained()
        }
    }

    private var startedWorkers = 0

    private func workerStarted() {
        startedWorkers += 1
        guard startedWorkers == settings.workers, case .starting = phase else { return }
        phase = .serving
        let addresses = listeners.map(\.name).joined(separator: ", ")
        logger.notice(
            "serving on \(addresses), admin on \(adminListener.name)",
            metadata: ["workers": "\(settings.workers)", "version": "\(Version.text)"])
        ServiceManager.ready(status: "serving on \(addresses)")
        ProgramPages.release()
        if isDevelopment { DevelopmentMode.greet(self, listener: listeners.first { !$0.isUnix }?.address) }
    }

    private func takeSignals() {
        while let signal = try? signals.next() {
            switch signal {
            case .terminate, .interrupt: drain()
            case .hangup: reloadCertificates()
            case .user1, .user2, .child: break
            }
        }
    }

    private func drain() {
        guard case .serving = phase else {
            // A second signal while draining, or one during the start: there is nothing to wait for.
            return cancelAll()
        }
        phase = .draining(workersLeft: workers.count)
        // The next start goes on with it; nobody waits for it here.
        recovery?.stop()
        logger.notice("draining: no new requests, those under way are finished")
        ServiceManager.stopping(status: "draining")
        tellWorkers(.drain)
        stopListening()
        loop.schedule(afterMilliseconds: settings.shutdownGraceSeconds * 1_000) { [unowned self] in cancelAll() }
    }

    private func stopListening() {
        // What systemd listens on for us goes on queueing for whoever comes next.
        guard !settings.listen.contains(.systemd) else { return }
        for listener in listeners { listener.stopListening() }
    }

    private func cancelAll() {
        logger.warning("ending the uploads that are still under way")
        tellWorkers(.cancel)
        loop.schedule(afterMilliseconds: Self.cancelMilliseconds) { [unowned self] in loop.stop() }
    }

    private func workerDrained() {
        guard case .draining(let left) = phase else { return }
        phase = .draining(workersLeft: left - 1)
        if left == 1 { loop.stop() }
    }

    /// - Returns: false when a worker does not even take its messages out.
    @discardableResult
    func tellWorkers(_ command: WorkerCommand) -> Bool {
        var areTold = true
        for worker in workers where !worker.commands.post(command) { areTold = false }
        return areTold
    }

    /// Ends the threads, bottom-up: nothing is written after the catalog is closed.
    private func finish() -> Int32 {
        phase = .ended
        recovery?.stop()
        secretCache?.stop()
        credentialCache?.stop()
        admin.abandon()
        tellWorkers(.stop)
        for worker in workers { worker.thread.join() }
        client?.close()
        stopListening()
        adminListener.stopListening()
        files.stop()
        catalog.close()
        logger.notice("ended")
        return exitCode
    }

    // MARK: - Readiness

    private var readiness: Readiness {
        var state = Readiness()
        if case .draining = phase { state.isDraining = true }
        (state.secret, state.isSecretUsable) = secretReadiness
        state.store = storeCredentialTrouble ?? store.readiness(now: loop.now)
        state.catalog = catalog.readiness
        return state
    }

    private var secretReadiness: (text: String, isUsable: Bool) {
        guard let secretCache else { return ("ok", true) }
        switch secretCache.health {
        case .good: return ("ok", true)
        case .waiting: return ("waiting for the secret", false)
        case .stale(let failure): return ("stale, the last known one serves: \(failure)", true)
        case .missing(let failure): return (failure.description, false)
        }
    }
}

extension Control: SecretObserver {
    func secretChanged(_ snapshot: SecretSnapshot?) {
        self.snapshot = snapshot
        tellWorkers(.secrets(snapshot))
    }

    func secretReported(_ report: SecretReport) {
        if case .failing(let failure, isServing: _, retryAfterMilliseconds: _) = report,
            failure.kind == .expiredCredentials, let generation = credentialCache?.snapshot?.generation {
            credentialCache?.refused(generation: generation)
        }
        switch report {
        case .loaded: logger.info("the secret of the tokens is loaded")
        case .rotated: logger.notice("the secret of the tokens was rotated; the one before is accepted for a while")
        case .recovered: logger.notice("the secret of the tokens can be fetched again")
        case .failing(let failure, isServing: true, retryAfterMilliseconds: let delay):
            logger.warning(
                "the secret cannot be refreshed, the last known one serves on: \(failure)",
                metadata: ["retry_ms": "\(delay)"])
        case .failing(let failure, isServing: false, retryAfterMilliseconds: let delay):
            logger.error(
                "the secret cannot be fetched, uploads get 503: \(failure)", metadata: ["retry_ms": "\(delay)"])
        case .expired: logger.error("the last known secret is too old, uploads get 503 until SSM answers")
        }
    }
}

/// Signals, as the loop reports them.
private final class SignalHandler: EventHandler {
    private let body: () -> Void
    init(_ body: @escaping () -> Void) { self.body = body }
    func ready(_ events: ReadyEvents) { body() }
}
