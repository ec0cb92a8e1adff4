internal import AWS
internal import Bytes
internal import Crypto
internal import Gateway
internal import HTTPClient
internal import Images
internal import Linux
internal import ObjectStore
internal import Reactor
internal import Settings
internal import Tokens

/// The part of `sluice doctor` that asks others: a daemon that runs already, the source of credentials, SSM, the store.
final class DoctorNetwork {
    private let settings: ResolvedSettings
    private let isDevelopment: Bool
    private let report: DoctorReport
    private var loop: EventLoop?
    private var client: HTTPClient?
    private var credentialCache: CredentialCache?
    private var secretCache: SecretCache?
    private var inspection: S3Inspection?
    private var transfer: HTTPTransfer?
    private var waitsFor = ""

    /// For all answers together; each has a deadline of its own.
    private static let totalMilliseconds: Int64 = 60_000
    private static let daemonMilliseconds = 2_000

    init(_ settings: ResolvedSettings, isDevelopment: Bool, _ report: DoctorReport) {
        self.settings = settings
        self.isDevelopment = isDevelopment
        self.report = report
    }

    func run() {
        do {
            let loop = try EventLoop()
            var configuration = HTTPClientConfiguration()
            configuration.caBundlePath = settings.aws.caBundle
            let client = try LoopHTTPDriver.makeClient(on: loop, configuration: configuration)
            self.loop = loop
            self.client = client
            loop.deferred { [self] in askForDaemon() }
            loop.schedule(afterMilliseconds: Self.totalMilliseconds) { [self] in
                report.fail("network", "no answer of \(waitsFor) within \(Self.totalMilliseconds / 1_000) s")
                end()
            }
            loop.run()
            client.close()
        } catch {
            report.fail("network", "nothing can be asked: \(error)")
        }
    }

    private func end() {
        secretCache?.stop()
        credentialCache?.stop()
        loop?.stop()
    }

    // MARK: - Listeners

    /// Listeners that are taken are fine when it is Sluice that has them.
    private func askForDaemon() {
        waitsFor = "the admin listener"
        guard case .address(let host, let port) = settings.adminListen, port != 0, let ip = IPAddress(parsing: host)
        else { return listenersChecked(isRunning: false) }
        let authority = DevelopmentMode.reachable(SocketAddress(ip: ip, port: port))
        let request = HTTPRequest(
            .get, "http://\(authority)/healthz", connectMilliseconds: Self.daemonMilliseconds,
            totalMilliseconds: Self.daemonMilliseconds)
        transfer = client?.start(request) { [self] result in
            guard case .success(let response) = result else { return listenersChecked(isRunning: false) }
            listenersChecked(isRunning: response.status == 200 && response.fields.value(of: "x-request-id") != nil)
        }
    }

    private func listenersChecked(isRunning: Bool) {
        if isRunning { report.ok("daemon", "one runs, and answers at \(settings.adminListen.text)") }
        for address in settings.listen + [settings.adminListen] { check(address, isRunning: isRunning) }
        startCredentials()
    }

    private func check(_ address: ListenAddress, isRunning: Bool) {
        do {
            try Listening.probe(address, among: settings.listen)
            report.ok("listen", "\(address.text) is free")
        } catch {
            if error.isTaken, isRunning { return report.ok("listen", "\(address.text) is the running daemon's") }
            report.fail("listen", "\(error.problem)")
        }
    }

    // MARK: - Credentials and secret

    private func startCredentials() {
        guard let loop, let client, settings.store.isS3 || SecretSource(settings).parameterName != nil else {
            return end()
        }
        guard let region = settings.aws.region else {
            report.fail("credentials", "AWS_REGION is missing")
            return end()
        }
        waitsFor = "the source of AWS credentials"
        let cache = CredentialCache(
            CredentialOptions(settings.aws, region: region), client: client, loop: loop, observer: self)
        credentialCache = cache
        cache.start()
    }

    private func startSecret() {
        guard let loop, let client, let credentialCache, let region = settings.aws.region,
            let parameter = SecretSource(settings).parameterName
        else { return startStore() }
        waitsFor = "SSM"
        let cache = SecretCache(
            ParameterRequest(
                name: parameter, region: region, endpoint: settings.aws.ssmEndpoint.map(ServiceEndpoint.init)),
            credentials: { credentialCache.current }, client: client, loop: loop, observer: self)
        secretCache = cache
        cache.start()
    }

    // MARK: - The store

    private func startStore() {
        secretCache?.stop()
        credentialCache?.stop()
        guard let client, case .success(let credentials)? = credentialCache?.current,
            case .s3(let configuration)? = try? ServicePlan.store(settings)
        else { return end() }
        waitsFor = "the store"
        let uuid = UUIDText.version4(upper: SecureRandom.uint64(), lower: SecureRandom.uint64())
        let key = ObjectKey(
            subject: "sluice-doctor", milliseconds: Clock.wallMilliseconds(), uuid: uuid, type: .jpeg)
        let inspection = S3Inspection(
            configuration: configuration, client: client, credentials: credentials, key: key.text, recordToken: uuid
        ) { [self] findings in
            for finding in findings {
                switch finding {
                case .good(let text): report.ok("store", text)
                case .doubtful(let text): report.warn("store", text)
                case .bad(let text): report.fail("store", text)
                }
            }
            end()
        }
        self.inspection = inspection
        inspection.start()
    }
}

extension DoctorNetwork: CredentialObserver {
    func credentialsChanged(_: CredentialSnapshot?) {}

    /// The first report is the answer; the cache is stopped before there is another.
    func credentialsReported(_ news: CredentialReport) {
        switch news {
        case .loaded(let source), .changed(let source):
            report.ok("credentials", "found in \(source)")
            loop?.deferred { [self] in startSecret() }
        case .failing(let failure, isServing: _, retryAfterMilliseconds: _):
            credentialCache?.stop()
            report.fail("credentials", "\(failure)")
            end()
        case .recovered, .expired: break
        }
    }
}

extension DoctorNetwork: SecretObserver {
    func secretChanged(_ snapshot: SecretSnapshot?) {
        if let snapshot { Doctor.judgeSecret(bytes: snapshot.current.bytes.count, report) }
    }

    func secretReported(_ news: SecretReport) {
        switch news {
        case .loaded, .rotated, .recovered: loop?.deferred { [self] in startStore() }
        case .failing(let failure, isServing: _, retryAfterMilliseconds: _):
            report.fail("secret", "\(failure)")
            secretCache?.stop()
            loop?.deferred { [self] in startStore() }
        case .expired: break
        }
    }
}
