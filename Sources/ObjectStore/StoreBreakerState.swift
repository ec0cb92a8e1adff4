/// A circuit breaker for one endpoint, as one worker sees it: while the store is down, uploads are refused by their
/// head instead of after their body, and nobody asks it anything but whether it is back.
///
/// Closed, it counts the troubles of each kind of request one after the other; a yes to the same kind forgets them, so
/// that a store which opens uploads but takes no part is down all the same. Open, it waits, longer each time. Then it
/// probes; an answer makes it half-open: one upload a second is let in, until a request of the kind that opened it
/// succeeds, or fails.
package struct StoreBreakerState: Sendable {
    /// What requests are counted apart by.
    package enum Kind: Int, Sendable, CaseIterable {
        case create, part, complete
        /// Cleaning up. It is counted where no answer came at all: an Abort that goes wrong says nothing of uploads.
        case cleanup
    }

    /// What the driver has to do.
    package enum Effect: Equatable, Sendable {
        case none
        /// Call ``waited()`` after this time; a random part of up to half of it may be left out.
        case wait(milliseconds: Int64)
        /// Ask the store for a sign of life, and tell ``probed(isAlive:detail:now:)``.
        case probe
        /// Whatever timer or probe is under way is void.
        case stop
    }

    private enum Phase: Equatable {
        case closed(troubles: [Int])
        /// `until`: when the next probe is due at the latest. `openings` counts since it was last closed.
        case open(by: Kind, openings: Int, until: Int64)
        case probing(by: Kind, openings: Int)
        case halfOpen(by: Kind, openings: Int, nextUploadAt: Int64)
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
            troubles[kind.rawValue] = 0
            phase = .closed(troubles: troubles)
            return .none
        case .open(let opener, _, _), .probing(let opener, _), .halfOpen(let opener, _, _):
            // Any yes is a sign of life; of a store that answered some requests all along, only one that it refused.
            guard kind == opener || opener == .cleanup else { return .none }
            phase = .closed(troubles: Self.noTroubles)
            return .stop
        }
    }

    /// The store could not be reached, did not answer, or failed in its own right.
    package mutating func failed(_ kind: Kind, detail: String, now: Int64) -> Effect {
        switch phase {
        case .closed(var troubles):
            troubles[kind.rawValue] += 1
            phase = .closed(troubles: troubles)
            guard troubles[kind.rawValue] >= limits.troublesMax else { return .none }
            return open(by: kind, openings: 1, detail: detail, now: now)
        case .halfOpen(let opener, let openings, _):
            guard kind == opener || kind == .create else { return .none }
            return open(by: opener, openings: openings + 1, detail: detail, now: now)
        case .open, .probing: return .none
        }
    }

    /// The wait is over.
    package mutating func waited() -> Effect {
        guard case .open(let opener, let openings, _) = phase else { return .none }
        phase = .probing(by: opener, openings: openings)
        return .probe
    }

    package mutating func probed(isAlive: Bool, detail: String, now: Int64) -> Effect {
        guard case .probing(let opener, let openings) = phase else { return .none }
        guard isAlive else { return open(by: opener, openings: openings + 1, detail: detail, now: now) }
        phase = .halfOpen(by: opener, openings: openings, nextUploadAt: now)
        return .none
    }

    /// Whether an upload may begin; half-open, each yes uses up the second's one.
    ///
    /// - Returns: nil for yes; else the seconds after which it is worth trying again.
    package mutating func refusalSeconds(now: Int64) -> Int? {
        switch phase {
        case .closed: return nil
        case .open(_, _, let until): return Self.seconds(until - now)
        case .probing: return 1
        case .halfOpen(let opener, let openings, let nextUploadAt):
            guard now >= nextUploadAt else { return Self.seconds(nextUploadAt - now) }
            let next = now + limits.trialMilliseconds
            phase = .halfOpen(by: opener, openings: openings, nextUploadAt: next)
            return nil
        }
    }

    private mutating func open(by kind: Kind, openings: Int, detail: String, now: Int64) -> Effect {
        self.detail = detail
        let doubled = limits.openMilliseconds << Int64(min(openings - 1, 16))
        let milliseconds = min(doubled, limits.openMillisecondsMax)
        phase = .open(by: kind, openings: openings, until: now + milliseconds)
        return .wait(milliseconds: milliseconds)
    }

    private static func seconds(_ milliseconds: Int64) -> Int { Int(max((milliseconds + 999) / 1_000, 1)) }
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

    package init() {}
}
