package import HTTPClient
package import Reactor
package import SigV4

/// Told about the secret, on the cache's loop.
package protocol SecretObserver: AnyObject {
    /// The secrets to verify with from now on; nil: there are none, and nothing can be verified.
    func secretChanged(_ snapshot: SecretSnapshot?)

    /// News for the operator.
    func secretReported(_ report: SecretReport)
}

/// The tokens' secret out of SSM, kept fresh in the background. Lives on one loop, with that loop's client.
package final class SecretCache {
    /// For `/readyz`.
    package private(set) var health: SecretHealth = .waiting

    private let request: ParameterRequest
    private let credentials: () -> Result<Credentials, CredentialFailure>
    private let client: HTTPClient
    private let loop: EventLoop
    private let sources: SecretCacheSources
    private weak var observer: (any SecretObserver)?

    private var state: SecretState
    private var signer: RequestSigner<LibcryptoSigning>?
    private var timer: TimerID?
    private var transfer: HTTPTransfer?
    private var isStopped = false

    /// - Parameters:
    ///   - credentials: asked before each fetch.
    ///   - observer: not retained.
    package init(
        _ request: ParameterRequest, policy: SecretPolicy = SecretPolicy(),
        credentials: @escaping () -> Result<Credentials, CredentialFailure>, client: HTTPClient, loop: EventLoop,
        sources: SecretCacheSources = SecretCacheSources(), observer: any SecretObserver
    ) {
        self.request = request
        self.credentials = credentials
        self.client = client
        self.loop = loop
        self.sources = sources
        self.observer = observer
        state = SecretState(policy: policy)
    }

    /// Fetches for the first time, and goes on until ``stop()``.
    package func start() { handle(.started) }

    /// A token was signed with no known secret: perhaps it was rotated. Cheap and safe to call for every such token.
    package func badSignature() { handle(.badSignature) }

    /// There are credentials, after a time without or instead of others: a fetch that waits to be tried again is.
    package func credentialsChanged() { handle(.credentialsChanged) }

    /// Ends everything; the observer hears nothing more.
    package func stop() {
        isStopped = true
        transfer?.cancel()
        transfer = nil
        if let timer { loop.cancel(timer) }
        timer = nil
    }

    private func handle(_ event: SecretEvent) {
        guard !isStopped else { return }
        for effect in state.handle(event, at: loop.now, random: sources.random()) { perform(effect) }
    }

    private func perform(_ effect: SecretEffect) {
        guard !isStopped else { return }
        switch effect {
        case .fetch: fetch()
        case .schedule(let delay): schedule(delay)
        case .publish(let snapshot): observer?.secretChanged(snapshot)
        case .report(let report):
            health = health.after(report)
            observer?.secretReported(report)
        }
    }

    private func schedule(_ delay: Int64) {
        if let timer { loop.cancel(timer) }
        timer = loop.schedule(afterMilliseconds: delay) { [weak self] in
            self?.timer = nil
            self?.handle(.timerFired)
        }
    }

    private func fetch() {
        let credentials: Credentials
        switch self.credentials() {
        case .success(let some): credentials = some
        case .failure(let failure):
            // Never from inside an effect: the state expects the answer later.
            return loop.deferred { [weak self] in self?.handle(.fetchFailed(.withoutCredentials(failure))) }
        }
        var signer = self.signer ?? RequestSigner(
            hash: LibcryptoSigning(), credentials: credentials, region: request.region, service: "ssm",
            rules: .general)
        signer.credentials = credentials
        let signed = request.signed(by: &signer, at: sources.wallMilliseconds())
        self.signer = signer
        transfer = client.start(signed) { [weak self] result in self?.ended(result) }
    }

    private func ended(_ result: Result<HTTPResponse, HTTPFailure>) {
        transfer = nil
        switch result {
        case .success(let response):
            let reply = ParameterReply.read(
                status: response.status, errorType: response.fields.value(of: "x-amzn-errortype"),
                body: response.body.span, of: request)
            switch reply {
            case .success(let secret): handle(.fetched(secret))
            case .failure(let failure): handle(.fetchFailed(failure))
            }
        case .failure(let failure):
            handle(.fetchFailed(.noAnswer(failure, from: request.endpoint)))
        }
    }
}

extension SecretHealth {
    /// The health once `report` has come.
    fileprivate func after(_ report: SecretReport) -> SecretHealth {
        switch report {
        case .loaded, .rotated, .recovered: .good
        case .failing(let failure, isServing: true, retryAfterMilliseconds: _): .stale(failure)
        case .failing(let failure, isServing: false, retryAfterMilliseconds: _): .missing(failure)
        case .expired: .missing(SecretFailure(.unreachable, "the last known secret is too old to be used"))
        }
    }
}

extension SecretFailure {
    fileprivate static func withoutCredentials(_ failure: CredentialFailure) -> SecretFailure {
        SecretFailure(.credentials, "SSM cannot be asked: \(failure)")
    }

    fileprivate static func noAnswer(_ failure: HTTPFailure, from endpoint: ServiceEndpoint) -> SecretFailure {
        let advice =
            switch failure.kind {
            case .tls: "its certificate is not trusted: set AWS_CA_BUNDLE where it is one of your own"
            case .resolve: "check AWS_REGION, the endpoint and the name servers"
            case .connect, .timeout, .connectionLost, .malformedResponse, .responseTooLarge, .bodySource,
                .invalidRequest, .unavailable, .other:
                "check the network and the endpoint"
            }
        return SecretFailure(.unreachable, "no answer of SSM at \(endpoint.url): \(failure.detail): \(advice)")
    }
}
