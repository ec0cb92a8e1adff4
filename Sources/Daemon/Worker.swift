internal import AWS
internal import Catalog
internal import Gateway
internal import HTTPClient
internal import HTTPWire
internal import Linux
internal import ObjectStore
internal import Reactor
internal import Serving
internal import SigV4
internal import TLS
internal import Telemetry
internal import Uploads

/// What is counted over all workers.
struct SharedLimits: Sendable {
    let rates: RateGate
    let census: ConnectionCensus?

    init(_ plan: ServicePlan) {
        rates = RateGate(plan.rates)
        census = plan.addressConnectionsMax.map {
            ConnectionCensus(connectionsMax: $0, v6PrefixBits: plan.rates.v6PrefixBits)
        }
    }
}

/// What a worker is made of, handed over to its thread.
struct WorkerSetup: Sendable {
    let index: Int
    let plan: ServicePlan
    let listeners: [(socket: ListeningSocket, share: ListenerShare, speaksTLS: Bool)]
    /// nil: no listener speaks TLS.
    let tlsContext: TLSContext?
    let catalog: Catalog
    let spool: Spool
    let files: FilesThread
    let shared: SharedLimits
    let telemetry: WorkerTelemetry
    let secrets: SecretSnapshot?
    let credentials: CredentialSnapshot?
    let commands: Mailbox<WorkerCommand>
    let reports: Mailbox<WorkerReport>
}

/// One event loop with its share of the connections: they live and die here.
final class Worker {
    private let setup: WorkerSetup
    private let loop: EventLoop
    private let serving: ServingWorker
    private let uploads: UploadService
    private let client: HTTPClient?
    /// nil: the store is a directory.
    private let signing: StoreSigning?
    /// How long cancelled clients may take to read why.
    private static let lastAnswersMilliseconds: Int64 = 2_000
    private var isDraining = false
    /// Since when nothing but aborts is under way.
    private var settledAt: Int64?

    /// How often a draining worker looks whether its last abort has come to its end.
    private static let drainCheckMilliseconds: Int64 = 20
    /// How long it waits for aborts once nothing else is under way.
    private static let abortMilliseconds: Int64 = 5_000

    /// The body of a worker's thread.
    static func run(_ setup: WorkerSetup) {
        do {
            let worker = try Worker(setup)
            _ = setup.reports.post(.started)
            worker.loop.run()
            worker.client?.close()
        } catch {
            _ = setup.reports.post(.failed("\(error)"))
        }
    }

    private init(_ setup: WorkerSetup) throws {
        self.setup = setup
        loop = try EventLoop()
        let files = try FilesPort(thread: setup.files, loop: loop)
        let plan = setup.plan
        let observer = WorkerObserver(worker: setup.index, telemetry: setup.telemetry, reports: setup.reports)
        let store: any UploadStore
        var objects: (any ObjectReader)?
        switch plan.store {
        case .s3(let configuration):
            let client = try LoopHTTPDriver.makeClient(on: loop, configuration: plan.client)
            let s3 = S3Store(configuration: configuration, loop: loop, client: client)
            signing = StoreSigning(s3, reports: setup.reports)
            signing?.use(setup.credentials)
            s3.observer = observer
            store = s3
            self.client = client
        case .directory(let path, let publicBaseURL):
            let directory = try DirectoryStore(directory: path, files: files, publicBaseURL: publicBaseURL)
            store = directory
            objects = DirectoryObjects(directory, files: files, loop: loop)
            client = nil
            signing = nil
        }
        let answers = try Mailbox<JournalAnswer>(capacity: plan.limits.driversMax)
        let recordAnswers = try Mailbox<JournalAnswer>(capacity: RecordExchanges.exchangesMax)
        let records = RecordExchanges(catalog: setup.catalog, answers: recordAnswers)
        uploads = UploadService(
            loop: loop, judge: plan.judge, cors: plan.cors,
            publicURL: store.publicBase.map(PublicURL.base) ?? .ofRequest,
            ownAddress: setup.listeners.first { !$0.socket.isUnix }.map { DevelopmentMode.reachable($0.socket.address) }
                ?? "localhost",
            store: store,
            catalog: setup.catalog, journalAnswers: answers, records: records,
            spool: setup.spool, files: files, objects: objects, limits: plan.limits,
            trusted: plan.trusted, rates: setup.shared.rates, events: observer)
        uploads.use(setup.secrets)
        serving = ServingWorker(
            loop: loop, limits: plan.serving, wireLimits: plan.wire, trusted: plan.trusted, census: setup.shared.census)
        serving.onRefusedConnection = { observer.connectionRefused() }
        serving.onHandshake = { observer.handshakeEnded($0) }
        let uploads = uploads
        try loop.receive(from: answers) { uploads.journalAnswered($0) }
        try loop.receive(from: recordAnswers) { records.answered($0) }
        try loop.receive(from: setup.commands) { [unowned self] in take($0) }
        for listener in setup.listeners {
            let accepting = try Listener(
                socket: listener.socket, worker: serving, share: listener.share,
                tlsContext: listener.speaksTLS ? setup.tlsContext : nil
            ) { connection in
                UploadHandler(service: uploads, connection: connection)
            }
            accepting.onFailure = { observer.acceptFailed($0) }
        }
    }

    private func take(_ command: WorkerCommand) {
        switch command {
        case .secrets(let snapshot): uploads.use(snapshot)
        case .credentials(let snapshot): signing?.use(snapshot)
        case .certificates(let context): serving.use(context)
        case .drain: drain()
        case .cancel:
            uploads.cancelAll()
            drain()
            // Their answers are read before the connections are cut.
            loop.schedule(afterMilliseconds: Self.lastAnswersMilliseconds) { [unowned self] in serving.abandon() }
        case .stop: loop.stop()
        }
    }

    private func drain() {
        guard !isDraining else { return }
        isDraining = true
        uploads.drain()
        serving.stop { [unowned self] in awaitUploads() }
    }

    /// Aborts outlive their connections, and are waited for a little: what is left is in the record, for recovery.
    private func awaitUploads() {
        let now = loop.now
        if uploads.unsettledCount > 0 { settledAt = nil } else { settledAt = settledAt ?? now }
        let isOver = settledAt.map { now - $0 >= Self.abortMilliseconds } ?? false
        guard uploads.uploadsCount > 0, !isOver else {
            _ = setup.reports.post(.drained)
            return
        }
        loop.schedule(afterMilliseconds: Self.drainCheckMilliseconds) { [unowned self] in awaitUploads() }
    }
}
