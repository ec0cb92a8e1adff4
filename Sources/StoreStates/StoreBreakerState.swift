/// A circuit breaker for one endpoint, as one worker sees it: while the store is down, uploads are refused by their
/// head instead of after their body, and nobody asks it anything but whether it is back.
///
/// Closed, it counts the troubles of each kind of request one after the other; a yes to the same kind forgets them, so
/// that a store which opens uploads but takes no part is down all the same. Open, it waits, longer each time. Then it
/// probes; a sign of life makes it half-open, and so do a few answers that are none: what a bucket's HEAD meets may not
/// be what uploads meet. Half-open, one upload a second is let in, until a request of the kind that opened it succeeds,
/// or fails. That may never be asked again, so some quiet seconds close it too.
package struct StoreBreakerState: Sendable {
    /// What requests are counted apart by.
    package enum Kind: Int, Sendable, CaseIterable {
        case create, part, complete
        /// A PutObject does what the three before do: its success speaks for each. Its troubles are a part's.
        case put
        /// Cleaning up. It is counted where no answer came at all: an Abort that goes wrong says nothing of uploads.
        case cleanup
    }

    /// What the driver has to do.
    package enum Effect: Equatable, Sendable {
        case none
        /// Call ``waited()`` after this time; a random part of up to half of it may be left out.
        case wait(milliseconds: Int64)
        /// Ask the store for a sign of life, and tell ``probed(_:detail:now:)``.
        case probe
        /// Whatever timer or probe is under way is void.
        case stop
    }

    /// What came of a probe.
    package enum Probe: Sendable, CaseIterable {
        case alive
        /// An answer by which the store, or who stands before it, says that it cannot serve.
        case ailing
        /// No answer at all.
        case silent

        /// Whoever says anything else is at work: one that does not know `HEAD` of a bucket (501) is not down.
        package init(status: Int) {
            switch status {
            case 429, 500, 502, 503, 504: self = .ailing
            default: self = .alive
            }
        }
    }

    private struct Outage: Equatable {
        var opener: Kind
        /// Since it was last closed.
        var openings = 1
        /// Ailing answers one after the other since it was last half-open.
        var ailingProbes = 0
    }

    private struct Trial: Equatable {
        var nextUploadAt: Int64
        /// In the wait that is under way.
        var hasSucceeded = false
        var hasFailed = false
        /// Waits that have passed without a word from the store.
        var silentWaits = 0
    }

    private enum Phase: Equatable {
        case closed(troubles: [Int])
        /// `until`: when the next probe is due at the latest.
        case open(Outage, until: Int64)
        case probing(Outage)
        case halfOpen(Outage, Trial)
    }

    private var phase: Phase
    private let limits: StoreBreakerLimits
    /// Why it opened, for the operator.
    package private(set) var detail = ""

    package init(limits: StoreBreakerLimits = StoreBreakerLimits()) {
        self.limits = limits
        phase = .closed(troubles: Self.noTroubles)
    }

    private static let noTroubles = [Int](repeating: 0, count: Kind.allCases.count)

    package var condition: StoreBreakerCondition {
        switch phase {
        case .closed: .closed
        case .open, .probing: .open
        case .halfOpen: .halfOpen
        }
    }

    /// The store did what it was asked.
    package mutating func succeeded(_ kind: Kind) -> Effect {
        switch phase {
        case .closed(var troubles):
            if troubles == Self.noTroubles { return .none }
            for other in Kind.allCases where kind.speaks(for: other) { troubles[other.rawValue] = 0 }
            phase = .closed(troubles: troubles)
            return .none
        case .open(let outage, _), .probing(let outage):
            // Any yes is a sign of life; of a store that answered some requests all along, only one that it refused.
            return ends(outage, kind) ? close() : .none
        case .halfOpen(let outage, var trial):
            if ends(outage, kind) { return close() }
            trial.hasSucceeded = true
            phase = .halfOpen(outage, trial)
            return .none
        }
    }

    /// The store could not be reached, did not answer, or failed in its own right.
    package mutating func failed(_ kind: Kind, detail: String, now: Int64) -> Effect {
        let counted = kind == .put ? .part : kind
        switch phase {
        case .closed(var troubles):
            troubles[counted.rawValue] += 1
            phase = .closed(troubles: troubles)
            guard troubles[counted.rawValue] >= limits.troublesMax else { return .none }
            return open(Outage(opener: counted), detail: detail, now: now)
        case .halfOpen(let outage, var trial):
            // What an upload begins with is a trial's.
            if counted == outage.opener || kind == .create || kind == .put {
                return reopen(outage, detail: detail, now: now)
            }
            trial.hasFailed = true
            phase = .halfOpen(outage, trial)
            return .none
        case .open, .probing: return .none
        }
    }

    /// The wait is over.
    package mutating func waited() -> Effect {
        switch phase {
        case .open(let outage, _):
            phase = .probing(outage)
            return .probe
        case .halfOpen(let outage, let trial): return waited(outage, trial)
        case .closed, .probing: return .none
        }
    }

    /// Half-open, what opened it has not been asked again: a wait with a success and no failure closes it, and so do
    /// several in which the store said nothing, lest it stay so for want of uploads that get far enough.
    private mutating func waited(_ outage: Outage, _ trial: Trial) -> Effect {
        var next = Trial(nextUploadAt: trial.nextUploadAt)
        if !trial.hasFailed {
            next.silentWaits = trial.silentWaits + 1
            if trial.hasSucceeded || next.silentWaits >= limits.silentWaitsMax { return close() }
        }
        phase = .halfOpen(outage, next)
        return .wait(milliseconds: limits.halfOpenMilliseconds)
    }

    package mutating func probed(_ probe: Probe, detail: String, now: Int64) -> Effect {
        guard case .probing(var outage) = phase else { return .none }
        switch probe {
        case .alive: break
        case .ailing:
            outage.ailingProbes += 1
            guard outage.ailingProbes >= limits.ailingProbesMax else {
                return reopen(outage, detail: detail, now: now)
            }
        case .silent:
            outage.ailingProbes = 0
            return reopen(outage, detail: detail, now: now)
        }
        outage.ailingProbes = 0
        phase = .halfOpen(outage, Trial(nextUploadAt: now))
        return .wait(milliseconds: limits.halfOpenMilliseconds)
    }

    /// Whether an upload may begin, as far as its head tells; a yes uses nothing up, since many an upload ends before
    /// the store hears of it.
    ///
    /// - Returns: nil for yes; else the seconds after which it is worth trying again.
    package func refusalSeconds(now: Int64) -> Int? {
        switch phase {
        case .closed: nil
        case .open(_, let until): Self.seconds(until - now)
        case .probing: 1
        case .halfOpen(_, let trial): now >= trial.nextUploadAt ? nil : Self.seconds(trial.nextUploadAt - now)
        }
    }

    /// Whether an upload may ask the store for the first time now; half-open, each yes uses up the second's one.
    package mutating func admitsRequest(now: Int64) -> Bool {
        switch phase {
        case .closed: return true
        case .open, .probing: return false
        case .halfOpen(let outage, var trial):
            guard now >= trial.nextUploadAt else { return false }
            trial.nextUploadAt = now + limits.trialMilliseconds
            phase = .halfOpen(outage, trial)
            return true
        }
    }

    private func ends(_ outage: Outage, _ kind: Kind) -> Bool {
        kind.speaks(for: outage.opener) || outage.opener == .cleanup
    }

    private mutating func close() -> Effect {
        phase = .closed(troubles: Self.noTroubles)
        return .stop
    }

    private mutating func reopen(_ outage: Outage, detail: String, now: Int64) -> Effect {
        var outage = outage
        outage.openings += 1
        return open(outage, detail: detail, now: now)
    }

    private mutating func open(_ outage: Outage, detail: String, now: Int64) -> Effect {
        self.detail = detail
        let doubled = limits.openMilliseconds << Int64(min(outage.openings - 1, 16))
        let milliseconds = min(doubled, limits.openMillisecondsMax)
        phase = .open(outage, until: now + milliseconds)
        return .wait(milliseconds: milliseconds)
    }

    private static func seconds(_ milliseconds: Int64) -> Int { Int(max((milliseconds + 999) / 1_000, 1)) }
}

extension StoreBreakerState.Kind {
    /// Whether its success says that what `other` had met is over.
    fileprivate func speaks(for other: StoreBreakerState.Kind) -> Bool {
        self == other || (self == .put && other != .cleanup)
    }
}

package enum StoreBreakerCondition: Sendable, Equatable {
    case closed, open, halfOpen
}

package struct StoreBreakerLimits: Sendable {
    /// Troubles of one kind one after the other that open it: more than one upload makes on its own.
    package var troublesMax = 5
    /// Until the first probe: a store that restarts is back within seconds.
    package var openMilliseconds: Int64 = 1_000
    /// Doubling ends here: so long after the store's return uploads may still be refused.
    package var openMillisecondsMax: Int64 = 15_000
    /// Half-open, one upload is let in each time this passes.
    package var trialMilliseconds: Int64 = 1_000
    /// Half-open, it is looked each time this passes whether all went well: five uploads at least had their turn.
    package var halfOpenMilliseconds: Int64 = 10_000
    /// Such waits without a word from the store that close it: if it is down after all, five troubles open it again.
    package var silentWaitsMax = 3
    /// Probes one after the other that are answered, though with no sign of life: then an upload is to find out.
    package var ailingProbesMax = 3

    package init() {}
}
