@testable import AWS
import SigV4
import Testing

private let hour: Int64 = 3_600_000
private let failure = CredentialFailure(.unreachable, "down")

private func credentials(_ id: String) -> Credentials { Credentials(accessKeyID: id, secretAccessKey: "s") }

/// Credentials that live for an hour, unless said otherwise.
private func fetched(_ id: String, lifetime: Int64? = hour) -> CredentialEvent {
    .fetched(FetchedCredentials(credentials: credentials(id), lifetimeMilliseconds: lifetime, source: "here"))
}

private func published(_ id: String, _ generation: UInt64) -> CredentialEffect {
    .publish(CredentialSnapshot(credentials: credentials(id), generation: generation))
}

private func failing(_ failure: CredentialFailure = failure, isServing: Bool, retry: Int64) -> CredentialEffect {
    .report(.failing(failure, isServing: isServing, retryAfterMilliseconds: retry))
}

/// A state machine that is told of events in turn, without jitter unless asked.
private final class Run {
    private var state: CredentialState

    init(policy: CredentialPolicy = CredentialPolicy()) { state = CredentialState(policy: policy) }

    @discardableResult
    func send(_ event: CredentialEvent, at now: Int64, random: UInt64 = 0) -> [CredentialEffect] {
        state.handle(event, at: now, random: random)
    }

    /// The states, each with a moment at which something may happen to it.
    static func expectingStart() -> (Run, Int64) { (Run(), 0) }

    static func expectingFirstAnswer() -> (Run, Int64) {
        let (run, _) = expectingStart()
        run.send(.started, at: 0)
        return (run, 0)
    }

    static func expectingFirstRetry() -> (Run, Int64) {
        let (run, _) = expectingFirstAnswer()
        run.send(.fetchFailed(failure), at: 0)
        return (run, 500)
    }

    /// Credentials A of generation 1, which end after an hour; 45 minutes after the start.
    static func expectingRefresh() -> (Run, Int64) {
        let (run, _) = expectingFirstAnswer()
        run.send(fetched("A"), at: 0)
        return (run, 2_700_000)
    }

    static func expectingAnswer() -> (Run, Int64) {
        let (run, now) = expectingRefresh()
        run.send(.timerFired, at: now)
        return (run, 2_701_000)
    }
}

struct CredentialStateTests {
    /// started, fetched A, fetched B, failed, timer, refused 1, refused 7.
    private static let events: [CredentialEvent] = [
        .started, fetched("A"), fetched("B"), .fetchFailed(failure), .timerFired, .refused(generation: 1),
        .refused(generation: 7),
    ]

    private func check(_ make: () -> (Run, Int64), _ expected: [[CredentialEffect]]) {
        #expect(expected.count == Self.events.count)
        for (event, effects) in zip(Self.events, expected) {
            let (run, now) = make()
            #expect(run.send(event, at: now) == effects, "\(event)")
        }
    }

    @Test func `before the start only the start counts`() {
        check(Run.expectingStart, [[.fetch], [], [], [], [], [], []])
    }

    @Test func `without credentials the answer is awaited`() {
        check(Run.expectingFirstAnswer, [
            [],
            [published("A", 1), .report(.loaded(source: "here")), .schedule(afterMilliseconds: 2_700_000)],
            [published("B", 1), .report(.loaded(source: "here")), .schedule(afterMilliseconds: 2_700_000)],
            [failing(isServing: false, retry: 500), .schedule(afterMilliseconds: 500)],
            [], [], [],
        ])
    }

    @Test func `without credentials and an answer the timer is awaited`() {
        check(Run.expectingFirstRetry, [[], [], [], [], [.fetch], [], []])
    }

    @Test func `credentials are refreshed by the timer, or by a complaint about these very ones`() {
        let refresh: [CredentialEffect] = [.fetch, .schedule(afterMilliseconds: 900_000)]
        check(Run.expectingRefresh, [[], [], [], [], refresh, refresh, []])
    }

    @Test func `an answer prolongs, replaces or fails, and the timer only watches over the end`() {
        check(Run.expectingAnswer, [
            [],
            [.schedule(afterMilliseconds: 2_700_000)],
            [published("B", 2), .report(.changed(source: "here")), .schedule(afterMilliseconds: 2_700_000)],
            [failing(isServing: true, retry: 500), .schedule(afterMilliseconds: 500)],
            [.schedule(afterMilliseconds: 899_000)],
            [], [],
        ])
    }

    @Test func `a timer before its time is set again`() {
        #expect(Run.expectingFirstRetry().0.send(.timerFired, at: 499) == [.schedule(afterMilliseconds: 1)])
        #expect(Run.expectingRefresh().0.send(.timerFired, at: 100) == [.schedule(afterMilliseconds: 2_699_900)])
    }

    @Test func `the last known ones serve until their end and not a moment longer`() {
        let (run, now) = Run.expectingAnswer()
        #expect(run.send(.fetchFailed(failure), at: now).first == failing(isServing: true, retry: 500))
        // The retry would come after the end: the timer is for the end.
        #expect(run.send(.timerFired, at: now + 500) == [.fetch, .schedule(afterMilliseconds: hour - now - 500)])
        #expect(run.send(.fetchFailed(failure), at: hour - 100) == [
            failing(isServing: true, retry: 1_000), .schedule(afterMilliseconds: 100),
        ])
        #expect(run.send(.timerFired, at: hour) == [.publish(nil), .report(.expired), .fetch])
        #expect(run.send(fetched("B"), at: hour + 5).prefix(2) == [published("B", 2), .report(.loaded(source: "here"))])
    }

    @Test func `the end also comes while a fetch is under way, and with its failure`() {
        let (waiting, _) = Run.expectingAnswer()
        #expect(waiting.send(.timerFired, at: hour) == [.publish(nil), .report(.expired)])
        #expect(waiting.send(.fetchFailed(failure), at: hour + 1).first == failing(isServing: false, retry: 500))
        let (failed, _) = Run.expectingAnswer()
        #expect(failed.send(.fetchFailed(failure), at: hour) == [
            .publish(nil), .report(.expired), failing(isServing: false, retry: 500), .schedule(afterMilliseconds: 500),
        ])
    }

    @Test func `what has expired already is a failure, and takes nothing away`() {
        let (fresh, _) = Run.expectingFirstAnswer()
        guard case .report(.failing(let told, isServing: false, retryAfterMilliseconds: 500))? =
            fresh.send(fetched("A", lifetime: 0), at: 0).first
        else {
            Issue.record("expired credentials were taken")
            return
        }
        #expect(told.kind == .expired)
        #expect(told.description.contains("clock"))
        let (held, now) = Run.expectingAnswer()
        guard case .report(.failing(_, isServing: true, retryAfterMilliseconds: 500))? =
            held.send(fetched("B", lifetime: -5), at: now).first
        else {
            Issue.record("valid credentials were given up")
            return
        }
    }

    @Test func `credentials without an end are looked at again, and kept for good`() {
        let (run, _) = Run.expectingFirstAnswer()
        #expect(run.send(fetched("A", lifetime: nil), at: 0).last == .schedule(afterMilliseconds: 300_000))
        #expect(run.send(.timerFired, at: 300_000) == [.fetch])
        #expect(run.send(.fetchFailed(failure), at: 300_001) == [
            failing(isServing: true, retry: 500), .schedule(afterMilliseconds: 500),
        ])
        #expect(run.send(.timerFired, at: 400 * hour) == [.fetch])
        #expect(run.send(fetched("A", lifetime: nil), at: 400 * hour) == [
            .report(.recovered), .schedule(afterMilliseconds: 300_000),
        ])
    }

    @Test func `complaints cause one early refresh in thirty seconds`() {
        let (run, _) = Run.expectingRefresh()
        #expect(run.send(.refused(generation: 1), at: 1_000).first == .fetch)
        #expect(run.send(.refused(generation: 1), at: 1_001) == [])
        #expect(run.send(fetched("B"), at: 1_100).first == published("B", 2))
        // Answers to what was signed with the former ones still come in; and the new ones may be no better.
        #expect(run.send(.refused(generation: 1), at: 60_000) == [])
        #expect(run.send(.refused(generation: 2), at: 30_999) == [])
        #expect(run.send(.refused(generation: 2), at: 31_000).first == .fetch)
    }

    @Test func `waits longer after each failure, up to a bound`() {
        let (run, _) = Run.expectingFirstAnswer()
        var waits: [Int64] = []
        var now: Int64 = 0
        for _ in 0 ..< 8 {
            guard case .schedule(let delay)? = run.send(.fetchFailed(failure), at: now).last else { break }
            waits.append(delay)
            now += delay
            #expect(run.send(.timerFired, at: now) == [.fetch])
        }
        #expect(waits == [500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000, 15_000])
    }

    @Test func `jitter spreads refreshes ahead of the end`() {
        let policy = CredentialPolicy()
        for lifetime in [Int64(8_000), 900_000, hour, 12 * hour] {
            let delays = (0 ..< 2_000).map { random in
                policy.refreshDelay(lifetimeMilliseconds: lifetime, random: UInt64(random) &* 0x9E37_79B9_7F4A_7C15)
            }
            let lead = min(900_000, lifetime / 4)
            #expect(delays.allSatisfy { $0 <= lifetime - lead && $0 >= lifetime - lead - lead / 3 }, "\(lifetime)")
            #expect(Set(delays).count > 400, "\(lifetime)")
        }
        #expect(policy.refreshDelay(lifetimeMilliseconds: 10, random: 0) == 1_000)
        let rechecks = (0 ..< 2_000).map { policy.refreshDelay(lifetimeMilliseconds: nil, random: UInt64($0) * 977) }
        #expect(rechecks.allSatisfy { (240_000 ... 300_000).contains($0) })
        #expect(Set(rechecks).count > 400)
    }

    @Test func `health follows the reports`() {
        var health = CredentialHealth.waiting
        health = health.after(.failing(failure, isServing: false, retryAfterMilliseconds: 1))
        #expect(health == .missing(failure))
        health = health.after(.loaded(source: "here"))
        #expect(health == .good)
        health = health.after(.failing(failure, isServing: true, retryAfterMilliseconds: 1))
        #expect(health == .stale(failure))
        guard case .missing(let told) = health.after(.expired) else {
            Issue.record("not missing")
            return
        }
        #expect(told.description == "the AWS credentials have expired: down")
        #expect(health.after(.recovered) == .good)
    }

    /// A driver that does what the effects say, in a world that answers, fails and rotates at random.
    @Test(arguments: 1 ... 40) func `holds its promises whatever happens in whatever order`(seed: UInt64) {
        var random = seed &* 0x9E37_79B9_7F4A_7C15
        func next(_ bound: UInt64) -> UInt64 {
            random = random &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (random >> 33) % bound
        }
        var state = CredentialState(policy: CredentialPolicy())
        var now: Int64 = 1_000_000
        var isFetching = false
        var timer: Int64?
        var snapshot: CredentialSnapshot?
        var end: Int64?
        var generation: UInt64 = 0
        var earlyFetches: [Int64] = []
        var isStarted = false
        for _ in 0 ..< 3_000 {
            var event: CredentialEvent?
            switch next(8) {
            case 0: event = .refused(generation: next(3) == 0 ? 0 : generation)
            case 1 ... 3 where isFetching:
                let lifetimes: [Int64?] = [nil, -1, 1, 900_000, hour]
                let id = ["A", "B", "C"][Int(next(3))]
                event = next(3) == 0 ? .fetchFailed(failure) : fetched(id, lifetime: lifetimes[Int(next(5))])
            case 4: now += Int64(next(4_000_000))
            case 5 where !isStarted: (event, isStarted) = (.started, true)
            default: now += Int64(next(20_000))
            }
            if event == nil, let due = timer, due <= now { (timer, event) = (nil, .timerFired) }
            guard let event else { continue }
            switch event {
            case .fetched(let fetched):
                isFetching = false
                if fetched.lifetimeMilliseconds ?? 1 > 0 { end = fetched.lifetimeMilliseconds.map { now + $0 } }
            case .fetchFailed: isFetching = false
            case .started, .timerFired, .refused: break
            }
            for effect in state.handle(event, at: now, random: next(.max)) {
                switch effect {
                case .fetch:
                    #expect(!isFetching, "two fetches at once")
                    isFetching = true
                    if case .refused = event { earlyFetches.append(now) }
                case .schedule(let delay):
                    #expect(delay >= 0)
                    timer = now + delay
                case .publish(let new):
                    if let new {
                        #expect(new.generation > generation)
                        #expect(new.credentials != snapshot?.credentials)
                        generation = new.generation
                    }
                    snapshot = new
                case .report: break
                }
            }
            #expect(!isStarted || isFetching || timer != nil, "nothing will ever happen again")
            if case .timerFired = event, snapshot != nil, let end { #expect(now < end, "served past the end") }
        }
        for (one, two) in zip(earlyFetches, earlyFetches.dropFirst()) { #expect(two - one >= 30_000) }
        #expect(generation > 0)
    }
}
