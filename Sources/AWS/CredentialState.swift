internal import SigV4

/// The life of credentials that are fetched: until when they serve, and when to fetch others.
///
/// Moments are milliseconds of one monotonic clock; randomness is passed in. An event that a state does not expect
/// changes nothing.
struct CredentialState: ~Copyable {
    /// The credentials that are known.
    private struct Held {
        var credentials: Credentials
        /// From then on they are not valid; nil: nobody knows of an end.
        var expiresAt: Int64?
    }

    /// Named by what is expected next. `failures` are those in a row.
    private enum State {
        case expectsStart
        /// No credentials; a fetch is under way.
        case expectsFirstAnswer(failures: Int)
        /// No credentials; the next fetch is due at a moment.
        case expectsFirstRetry(failures: Int, due: Int64)
        /// Credentials; the next fetch, a refresh or a retry, is due at a moment.
        case expectsRefresh(Held, failures: Int, due: Int64)
        /// Credentials; a fetch is under way.
        case expectsAnswer(Held, failures: Int)
    }

    private let policy: CredentialPolicy
    private var state: State = .expectsStart
    private var generation: UInt64 = 0
    private var earlyRefreshAt: Int64?

    init(policy: CredentialPolicy) {
        self.policy = policy
    }

    /// Takes in an event that happens at `now`.
    mutating func handle(_ event: CredentialEvent, at now: Int64, random: UInt64) -> [CredentialEffect] {
        switch event {
        case .started: started()
        case .fetched(let fetched):
            if let lifetime = fetched.lifetimeMilliseconds, lifetime <= 0 {
                // An outage behind the source, or a wrong clock here: what is held may still be valid.
                fetchFailed(.pastItsTime(fetched.source), at: now, random: random)
            } else {
                self.fetched(fetched, at: now, random: random)
            }
        case .fetchFailed(let failure): fetchFailed(failure, at: now, random: random)
        case .timerFired: timerFired(at: now)
        case .refused(let generation): refused(generation, at: now)
        }
    }

    private mutating func started() -> [CredentialEffect] {
        switch state {
        case .expectsStart:
            state = .expectsFirstAnswer(failures: 0)
            return [.fetch]
        case .expectsFirstAnswer, .expectsFirstRetry, .expectsRefresh, .expectsAnswer:
            return []
        }
    }

    private mutating func fetched(
        _ fetched: FetchedCredentials, at now: Int64, random: UInt64
    ) -> [CredentialEffect] {
        let held = Held(credentials: fetched.credentials, expiresAt: fetched.lifetimeMilliseconds.map { now + $0 })
        let due = now + policy.refreshDelay(lifetimeMilliseconds: fetched.lifetimeMilliseconds, random: random)
        var effects: [CredentialEffect] = []
        switch state {
        case .expectsStart, .expectsFirstRetry, .expectsRefresh:
            return []
        case .expectsFirstAnswer:
            effects = [publish(held), .report(.loaded(source: fetched.source))]
        case .expectsAnswer(let former, let failures):
            if former.credentials != held.credentials {
                effects = [publish(held), .report(.changed(source: fetched.source))]
            } else if failures > 0 {
                effects = [.report(.recovered)]
            }
        }
        state = .expectsRefresh(held, failures: 0, due: due)
        return effects + [schedule(held, due: due, at: now)]
    }

    private mutating func fetchFailed(
        _ failure: CredentialFailure, at now: Int64, random: UInt64
    ) -> [CredentialEffect] {
        switch state {
        case .expectsStart, .expectsFirstRetry, .expectsRefresh:
            return []
        case .expectsFirstAnswer(let failures):
            return waitWithoutCredentials(failure, failures: failures + 1, at: now, random: random)
        case .expectsAnswer(let held, let failures):
            guard !isExpired(held, at: now) else {
                return drop() + waitWithoutCredentials(failure, failures: failures + 1, at: now, random: random)
            }
            let delay = policy.retryDelay(failures: failures + 1, random: random)
            state = .expectsRefresh(held, failures: failures + 1, due: now + delay)
            return [
                .report(.failing(failure, isServing: true, retryAfterMilliseconds: delay)),
                schedule(held, due: now + delay, at: now),
            ]
        }
    }

    private mutating func timerFired(at now: Int64) -> [CredentialEffect] {
        switch state {
        case .expectsStart, .expectsFirstAnswer:
            return []
        case .expectsFirstRetry(let failures, let due):
            guard now >= due else { return [.schedule(afterMilliseconds: due - now)] }
            state = .expectsFirstAnswer(failures: failures)
            return [.fetch]
        case .expectsRefresh(let held, let failures, let due):
            guard !isExpired(held, at: now) else {
                state = .expectsFirstAnswer(failures: failures)
                return drop() + [.fetch]
            }
            guard now >= due else { return [schedule(held, due: due, at: now)] }
            state = .expectsAnswer(held, failures: failures)
            return [.fetch] + watch(held, at: now)
        case .expectsAnswer(let held, let failures):
            guard isExpired(held, at: now) else { return watch(held, at: now) }
            state = .expectsFirstAnswer(failures: failures)
            return drop()
        }
    }

    /// One complaint brings one fetch; those that follow, of the same credentials or about what it brought, wait.
    private mutating func refused(_ generation: UInt64, at now: Int64) -> [CredentialEffect] {
        switch state {
        case .expectsStart, .expectsFirstAnswer, .expectsFirstRetry, .expectsAnswer:
            // Without credentials nothing was signed; with a fetch under way the answer is near.
            return []
        case .expectsRefresh(let held, let failures, due: _):
            guard generation == self.generation else { return [] }
            if let earlyRefreshAt, now - earlyRefreshAt < policy.earlyRefreshGapMilliseconds { return [] }
            earlyRefreshAt = now
            state = .expectsAnswer(held, failures: failures)
            return [.fetch] + watch(held, at: now)
        }
    }

    /// No credentials, and the fetch failed: wait and try again.
    private mutating func waitWithoutCredentials(
        _ failure: CredentialFailure, failures: Int, at now: Int64, random: UInt64
    ) -> [CredentialEffect] {
        let delay = policy.retryDelay(failures: failures, random: random)
        state = .expectsFirstRetry(failures: failures, due: now + delay)
        return [
            .report(.failing(failure, isServing: false, retryAfterMilliseconds: delay)),
            .schedule(afterMilliseconds: delay),
        ]
    }

    private mutating func publish(_ held: Held) -> CredentialEffect {
        generation += 1
        return .publish(CredentialSnapshot(credentials: held.credentials, generation: generation))
    }

    private func drop() -> [CredentialEffect] { [.publish(nil), .report(.expired)] }

    private func isExpired(_ held: Held, at now: Int64) -> Bool { held.expiresAt.map { now >= $0 } ?? false }

    /// The timer for whatever comes first: the next fetch, or the end of the credentials.
    private func schedule(_ held: Held, due: Int64, at now: Int64) -> CredentialEffect {
        .schedule(afterMilliseconds: max(0, min(due, held.expiresAt ?? due) - now))
    }

    /// While a fetch is under way only the end of the credentials matters.
    private func watch(_ held: Held, at now: Int64) -> [CredentialEffect] {
        held.expiresAt.map { [.schedule(afterMilliseconds: max(0, $0 - now))] } ?? []
    }
}

extension CredentialFailure {
    fileprivate static func pastItsTime(_ source: String) -> CredentialFailure {
        CredentialFailure(
            .expired, "AWS credentials from \(source): they have expired already: check this machine's clock")
    }
}
