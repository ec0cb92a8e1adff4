package import HTTPClient
package import Reactor
package import SigV4

/// Told about the credentials, on the cache's loop.
package protocol CredentialObserver: AnyObject {
    /// What to sign with from now on; nil: there is nothing to sign with.
    func credentialsChanged(_ snapshot: CredentialSnapshot?)

    /// News for the operator.
    func credentialsReported(_ report: CredentialReport)
}

/// AWS credentials out of the standard chain, kept fresh in the background. Lives on one loop, with that loop's client.
package final class CredentialCache {
    /// For `/readyz`.
    package private(set) var health: CredentialHealth = .waiting

    /// What is valid now.
    package private(set) var snapshot: CredentialSnapshot?

    private let options: CredentialOptions
    private let client: HTTPClient
    private let loop: EventLoop
    private let sources: SecretCacheSources
    private weak var observer: (any CredentialObserver)?

    private var state: CredentialState
    private var timer: TimerID?
    private var fetch: CredentialFetch?
    private var isStopped = false

    /// - Parameter observer: not retained.
    package init(
        _ options: CredentialOptions, policy: CredentialPolicy = CredentialPolicy(), client: HTTPClient,
        loop: EventLoop, sources: SecretCacheSources = SecretCacheSources(), observer: any CredentialObserver
    ) {
        self.options = options
        self.client = client
        self.loop = loop
        self.sources = sources
        self.observer = observer
        state = CredentialState(policy: policy)
    }

    /// Fetches for the first time, and goes on until ``stop()``.
    package func start() { handle(.started) }

    /// A service says that the credentials of this generation have expired. Cheap and safe to call for every such
    /// answer.
    package func refused(generation: UInt64) { handle(.refused(generation: generation)) }

    /// The credentials to sign with now, or why there are none.
    package var current: Result<Credentials, CredentialFailure> {
        if let snapshot { return .success(snapshot.credentials) }
        if case .missing(let failure) = health { return .failure(failure) }
        return .failure(.waiting)
    }

    /// Ends everything; the observer hears nothing more.
    package func stop() {
        isStopped = true
        fetch?.cancel()
        fetch = nil
        if let timer { loop.cancel(timer) }
        timer = nil
    }

    private func handle(_ event: CredentialEvent) {
        guard !isStopped else { return }
        for effect in state.handle(event, at: loop.now, random: sources.random()) { perform(effect) }
    }

    private func perform(_ effect: CredentialEffect) {
        guard !isStopped else { return }
        switch effect {
        case .fetch: startFetch()
        case .schedule(let delay): schedule(delay)
        case .publish(let snapshot):
            self.snapshot = snapshot
            observer?.credentialsChanged(snapshot)
        case .report(let report):
            health = health.after(report)
            observer?.credentialsReported(report)
        }
    }

    private func schedule(_ delay: Int64) {
        if let timer { loop.cancel(timer) }
        timer = loop.schedule(afterMilliseconds: delay) { [weak self] in
            self?.timer = nil
            self?.handle(.timerFired)
        }
    }

    /// Never answered from inside an effect: the state expects the answer later.
    private func startFetch() {
        loop.deferred { [weak self] in
            guard let self, !isStopped else { return }
            let fetch = CredentialFetch(options, client: client, wallMilliseconds: sources.wallMilliseconds) {
                [weak self] result in self?.ended(result)
            }
            self.fetch = fetch
            fetch.start()
        }
    }

    private func ended(_ result: Result<FetchedCredentials, CredentialFailure>) {
        fetch = nil
        switch result {
        case .success(let fetched): handle(.fetched(fetched))
        case .failure(let failure): handle(.fetchFailed(failure))
        }
    }
}
