internal import Tokens

/// The life of a secret that is fetched: which of its values are valid, and when to fetch.
///
/// Moments are milliseconds of one monotonic clock; randomness is passed in. An event that a state does not expect
/// changes nothing.
struct SecretState: ~Copyable {
    /// The values that are known.
    private struct Held {
        var current: TokenSecret
        var previous: TokenSecret?
        var previousUntil: Int64 = 0
        /// When `current` was last seen in the store.
        var fetchedAt: Int64
    }

    /// Named by what is expected next. `failures` are those in a row.
    private enum State {
        case expectsStart
        /// No secret; a fetch is under way.
        case expectsFirstAnswer(failures: Int)
        /// No secret; the next fetch is due at a moment.
        case expectsFirstRetry(failures: Int, due: Int64)
        /// A secret; the next fetch, a refresh or a retry, is due at a moment.
        case expectsRefresh(Held, failures: Int, due: Int64)
        /// A secret; a fetch is under way.
        case expectsAnswer(Held, failures: Int)
    }

    private let policy: SecretPolicy
    private var state: State = .expectsStart
    private var generation: UInt64 = 0
    private var earlyRefreshAt: Int64?

    init(policy: SecretPolicy) {
        self.policy = policy
    }

    /// Takes in an event that happens at `now`.
    mutating func handle(_ event: SecretEvent, at now: Int64, random: UInt64) -> [SecretEffect] {
        switch event {
        case .started: started()
        case .fetched(let secret): fetched(secret, at: now, random: random)
        case .fetchFailed(let failure): fetchFailed(failure, at: now, random: random)
        case .timerFired: timerFired(at: now)
        case .badSignature: badSignature(at: now)
        case .credentialsChanged: credentialsChanged(at: now)
        }
    }

    private mutating func started() -> [SecretEffect] {
        switch state {
        case .expectsStart:
            state = .expectsFirstAnswer(failures: 0)
            return [.fetch]
        case .expectsFirstAnswer, .expectsFirstRetry, .expectsRefresh, .expectsAnswer:
            return []
        }
    }

    private mutating func fetched(_ secret: TokenSecret, at now: Int64, random: UInt64) -> [SecretEffect] {
        let due = now + policy.refreshDelay(random: random)
        switch state {
        case .expectsStart, .expectsFirstRetry, .expectsRefresh:
            return []
        case .expectsFirstAnswer:
            generation += 1
            let held = Held(current: secret, fetchedAt: now)
            state = .expectsRefresh(held, failures: 0, due: due)
            return [.publish(snapshot(held)), .report(.loaded), schedule(held, due: due, at: now)]
        case .expectsAnswer(var held, let failures):
            held.fetchedAt = now
            var effects = replaceCurrent(of: &held, with: secret, at: now)
            if failures > 0 { effects.append(.report(.recovered)) }
            effects.append(schedule(held, due: due, at: now))
            state = .expectsRefresh(held, failures: 0, due: due)
            return effects
        }
    }

    private mutating func fetchFailed(
        _ failure: SecretFailure, at now: Int64, random: UInt64
    ) -> [SecretEffect] {
        switch state {
        case .expectsStart, .expectsFirstRetry, .expectsRefresh:
            return []
        case .expectsFirstAnswer(let failures):
            return waitWithoutSecret(failure, failures: failures + 1, at: now, random: random)
        case .expectsAnswer(var held, let failures):
            guard now < staleAt(held) else {
                return drop() + waitWithoutSecret(failure, failures: failures + 1, at: now, random: random)
            }
            let delay = policy.retryDelay(failures: failures + 1, random: random)
            var effects = endGrace(of: &held, at: now)
            effects.append(.report(.failing(failure, isServing: true, retryAfterMilliseconds: delay)))
            effects.append(schedule(held, due: now + delay, at: now))
            state = .expectsRefresh(held, failures: failures + 1, due: now + delay)
            return effects
        }
    }

    private mutating func timerFired(at now: Int64) -> [SecretEffect] {
        switch state {
        case .expectsStart, .expectsFirstAnswer:
            return []
        case .expectsFirstRetry(let failures, let due):
            guard now >= due else { return [.schedule(afterMilliseconds: due - now)] }
            state = .expectsFirstAnswer(failures: failures)
            return [.fetch]
        case .expectsRefresh(var held, let failures, let due):
            guard now < staleAt(held) else {
                state = .expectsFirstAnswer(failures: failures)
                return drop() + [.fetch]
            }
            var effects = endGrace(of: &held, at: now)
            if now < due {
                effects.append(schedule(held, due: due, at: now))
                state = .expectsRefresh(held, failures: failures, due: due)
            } else {
                effects += [.fetch, schedule(held, due: .max, at: now)]
                state = .expectsAnswer(held, failures: failures)
            }
            return effects
        case .expectsAnswer(var held, let failures):
            guard now < staleAt(held) else {
                state = .expectsFirstAnswer(failures: failures)
                return drop()
            }
            let effects = endGrace(of: &held, at: now) + [schedule(held, due: .max, at: now)]
            state = .expectsAnswer(held, failures: failures)
            return effects
        }
    }

    private mutating func badSignature(at now: Int64) -> [SecretEffect] {
        switch state {
        case .expectsStart, .expectsFirstAnswer, .expectsFirstRetry, .expectsAnswer:
            // Without a secret nothing was verified; with a fetch under way the answer is near.
            return []
        case .expectsRefresh(let held, let failures, due: _):
            if let earlyRefreshAt, now - earlyRefreshAt < policy.earlyRefreshGapMilliseconds { return [] }
            earlyRefreshAt = now
            state = .expectsAnswer(held, failures: failures)
            return [.fetch]
        }
    }

    /// What failed with the credentials before may go well with these; what went well is no matter.
    private mutating func credentialsChanged(at now: Int64) -> [SecretEffect] {
        switch state {
        case .expectsStart, .expectsFirstAnswer, .expectsAnswer, .expectsRefresh(_, failures: 0, due: _):
            return []
        case .expectsFirstRetry(let failures, due: _):
            state = .expectsFirstAnswer(failures: failures)
            return [.fetch]
        case .expectsRefresh(let held, let failures, due: _):
            state = .expectsAnswer(held, failures: failures)
            return [.fetch]
        }
    }

    /// No secret, and the fetch failed: wait and try again.
    private mutating func waitWithoutSecret(
        _ failure: SecretFailure, failures: Int, at now: Int64, random: UInt64
    ) -> [SecretEffect] {
        let delay = policy.retryDelay(failures: failures, random: random)
        state = .expectsFirstRetry(failures: failures, due: now + delay)
        return [
            .report(.failing(failure, isServing: false, retryAfterMilliseconds: delay)),
            .schedule(afterMilliseconds: delay),
        ]
    }

    /// The last known secret is too old.
    private func drop() -> [SecretEffect] { [.publish(nil), .report(.expired)] }

    /// Another value is a rotation: the one before stays valid for the grace period, if there is one.
    private mutating func replaceCurrent(
        of held: inout Held, with secret: TokenSecret, at now: Int64
    ) -> [SecretEffect] {
        guard secret != held.current else { return endGrace(of: &held, at: now) }
        held.previous = policy.graceMilliseconds > 0 ? held.current : nil
        held.previousUntil = policy.graceMilliseconds > 0 ? now + policy.graceMilliseconds : 0
        held.current = secret
        generation += 1
        return [.publish(snapshot(held)), .report(.rotated)]
    }

    /// Takes the secret before a rotation back when its time is over.
    private mutating func endGrace(of held: inout Held, at now: Int64) -> [SecretEffect] {
        guard held.previous != nil, now >= held.previousUntil else { return [] }
        held.previous = nil
        held.previousUntil = 0
        generation += 1
        return [.publish(snapshot(held))]
    }

    private func snapshot(_ held: Held) -> SecretSnapshot {
        SecretSnapshot(
            current: held.current, previous: held.previous, previousUntil: held.previousUntil, generation: generation)
    }

    private func staleAt(_ held: Held) -> Int64 { held.fetchedAt + policy.staleMillisecondsMax }

    /// The timer for whatever comes first: the next fetch, the end of the grace period, or the secret's own end.
    private func schedule(_ held: Held, due: Int64, at now: Int64) -> SecretEffect {
        var next = min(due, staleAt(held))
        if held.previous != nil { next = min(next, held.previousUntil) }
        return .schedule(afterMilliseconds: max(0, next - now))
    }
}
