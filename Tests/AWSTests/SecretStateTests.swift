@testable import AWS
import Tokens
import Testing

private let hour: Int64 = 3_600_000
private let staleMax: Int64 = 43_200_000
private let failure = SecretFailure(.unreachable, "down")

private func secret(_ text: String) throws -> TokenSecret { try TokenSecret([UInt8](text.utf8)) }

private func published(
    _ current: String, previous: String? = nil, until: Int64 = 0, generation: UInt64
) throws -> SecretEffect {
    .publish(
        SecretSnapshot(
            current: try secret(current), previous: try previous.map(secret), previousUntil: until,
            generation: generation))
}

private func failing(isServing: Bool, retry: Int64) -> SecretEffect {
    .report(.failing(failure, isServing: isServing, retryAfterMilliseconds: retry))
}

/// A state machine that is told of events in turn, without jitter unless asked.
private final class Run {
    private var state: SecretState

    init(policy: SecretPolicy = SecretPolicy()) { state = SecretState(policy: policy) }

    @discardableResult
    func send(_ event: SecretEvent, at now: Int64, random: UInt64 = 0) -> [SecretEffect] {
        state.handle(event, at: now, random: random)
    }

    /// The states, each with a moment at which something may happen to it.
    static func expectingStart() -> (Run, Int64) { (Run(), 0) }

    static func expectingFirstAnswer() -> (Run, Int64) {
        let (run, _) = expectingStart()
        run.send(.started, at: 0)
        return (run, 10)
    }

    static func expectingFirstRetry() -> (Run, Int64) {
        let (run, _) = expectingFirstAnswer()
        run.send(.fetchFailed(failure), at: 0)
        return (run, 500)
    }

    static func expectingRefresh() throws -> (Run, Int64) {
        let (run, _) = expectingFirstAnswer()
        run.send(.fetched(try secret("A")), at: 0)
        return (run, 270_000)
    }

    static func expectingAnswer() throws -> (Run, Int64) {
        let (run, _) = try expectingRefresh()
        run.send(.timerFired, at: 270_000)
        return (run, 271_000)
    }
}

struct SecretStateTests {
    /// started, fetched A, fetched B, failed, timer, bad signature, other credentials.
    private static func events() throws -> [SecretEvent] {
        [
            .started, .fetched(try secret("A")), .fetched(try secret("B")), .fetchFailed(failure), .timerFired,
            .badSignature, .credentialsChanged,
        ]
    }

    private func check(_ make: () throws -> (Run, Int64), _ expected: [[SecretEffect]]) throws {
        let events = try Self.events()
        #expect(expected.count == events.count)
        for (event, effects) in zip(events, expected) {
            let (run, now) = try make()
            #expect(run.send(event, at: now) == effects, "\(event)")
        }
    }

    @Test func `before the start only the start counts`() throws {
        try check(Run.expectingStart, [[.fetch], [], [], [], [], [], []])
    }

    @Test func `without a secret the answer is awaited`() throws {
        try check(Run.expectingFirstAnswer, [
            [],
            [published("A", generation: 1), .report(.loaded), .schedule(afterMilliseconds: 270_000)],
            [published("B", generation: 1), .report(.loaded), .schedule(afterMilliseconds: 270_000)],
            [failing(isServing: false, retry: 500), .schedule(afterMilliseconds: 500)],
            [],
            [],
            [],
        ])
    }

    @Test func `without a secret and an answer the timer is awaited`() throws {
        try check(Run.expectingFirstRetry, [[], [], [], [], [.fetch], [], [.fetch]])
    }

    @Test func `a secret is refreshed by the timer or by a bad signature`() throws {
        try check(Run.expectingRefresh, [
            [], [], [], [],
            [.fetch, .schedule(afterMilliseconds: staleMax - 270_000)],
            [.fetch],
            [],
        ])
    }

    @Test func `other credentials try again what failed, once`() throws {
        let (run, now) = try Run.expectingAnswer()
        run.send(.fetchFailed(failure), at: now)
        #expect(run.send(.credentialsChanged, at: now + 1) == [.fetch])
        #expect(run.send(.credentialsChanged, at: now + 2) == [])
    }

    @Test func `an answer refreshes, rotates or fails, and the timer only watches over the old secret`() throws {
        try check(Run.expectingAnswer, [
            [],
            [.schedule(afterMilliseconds: 270_000)],
            [
                published("B", previous: "A", until: 571_000, generation: 2), .report(.rotated),
                .schedule(afterMilliseconds: 270_000),
            ],
            [failing(isServing: true, retry: 500), .schedule(afterMilliseconds: 500)],
            [.schedule(afterMilliseconds: staleMax - 271_000)],
            [],
            [],
        ])
    }

    @Test func `a timer before its time is set again`() throws {
        let (first, _) = Run.expectingFirstRetry()
        #expect(first.send(.timerFired, at: 499) == [.schedule(afterMilliseconds: 1)])
        let (held, _) = try Run.expectingRefresh()
        #expect(held.send(.timerFired, at: 100) == [.schedule(afterMilliseconds: 269_900)])
    }

    @Test func `the secret before a rotation goes when its grace is over`() throws {
        let (run, now) = try Run.expectingRefresh()
        run.send(.badSignature, at: 1_000)
        let rotated = run.send(.fetched(try secret("B")), at: 1_200)
        let held = try published("B", previous: "A", until: 301_200, generation: 2)
        #expect(rotated == [held, .report(.rotated), .schedule(afterMilliseconds: 270_000)])
        #expect(run.send(.timerFired, at: 271_200) == [.fetch, .schedule(afterMilliseconds: 30_000)])
        #expect(run.send(.timerFired, at: 301_199) == [.schedule(afterMilliseconds: 1)])
        let alone = try published("B", generation: 3)
        #expect(run.send(.timerFired, at: 301_200) == [alone, .schedule(afterMilliseconds: staleMax - 300_000)])
        #expect(run.send(.fetched(try secret("B")), at: 301_300) == [.schedule(afterMilliseconds: now)])
    }

    @Test func `the end of the grace period also comes with an answer`() throws {
        for isGood in [true, false] {
            let (run, _) = try Run.expectingAnswer()
            run.send(.fetched(try secret("B")), at: 271_000)
            run.send(.badSignature, at: 272_000)
            let alone = try published("B", generation: 3)
            if isGood {
                let effects = run.send(.fetched(try secret("B")), at: 571_000)
                #expect(effects == [alone, .schedule(afterMilliseconds: 270_000)])
            } else {
                let effects = run.send(.fetchFailed(failure), at: 571_000)
                #expect(effects == [alone, failing(isServing: true, retry: 500), .schedule(afterMilliseconds: 500)])
            }
        }
    }

    @Test func `without a grace period the secret before a rotation goes at once`() throws {
        var policy = SecretPolicy()
        policy.graceMilliseconds = 0
        let run = Run(policy: policy)
        run.send(.started, at: 0)
        run.send(.fetched(try secret("A")), at: 0)
        run.send(.timerFired, at: 270_000)
        #expect(run.send(.fetched(try secret("B")), at: 270_500) == [
            try published("B", generation: 2), .report(.rotated), .schedule(afterMilliseconds: 270_000),
        ])
    }

    @Test func `a second rotation replaces the one before it`() throws {
        let (run, _) = try Run.expectingAnswer()
        run.send(.fetched(try secret("B")), at: 271_000)
        run.send(.badSignature, at: 280_000)
        let effects = run.send(.fetched(try secret("C")), at: 280_100)
        #expect(effects.first == (try published("C", previous: "B", until: 580_100, generation: 3)))
    }

    @Test func `waits longer after each failure, up to a bound, and recovers`() throws {
        let (run, start) = try Run.expectingAnswer()
        var now = start
        for delay: Int64 in [500, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000] {
            #expect(run.send(.fetchFailed(failure), at: now).first == failing(isServing: true, retry: delay))
            now += delay
            #expect(run.send(.timerFired, at: now).first == .fetch)
        }
        let effects = run.send(.fetched(try secret("A")), at: now)
        #expect(effects == [.report(.recovered), .schedule(afterMilliseconds: 270_000)])
        run.send(.timerFired, at: now + 270_000)
        #expect(run.send(.fetchFailed(failure), at: now + 270_001).first == failing(isServing: true, retry: 500))
    }

    @Test func `jitter spreads waits and refreshes within their bounds`() {
        let policy = SecretPolicy()
        for random: UInt64 in [0, 1, 29_999, 30_000, 60_000, 60_001, .max, 0x5555_5555_5555_5555] {
            #expect((210_000 ... 270_000).contains(policy.refreshDelay(random: random)))
            #expect((500 ... 1_000).contains(policy.retryDelay(failures: 1, random: random)))
            #expect((30_000 ... 60_000).contains(policy.retryDelay(failures: .max, random: random)))
        }
        var slow = SecretPolicy()
        slow.ttlMilliseconds = 24 * hour
        #expect(slow.refreshDelay(random: 0) < 6 * hour)
        #expect(policy.refreshDelay(random: 60_000) == 210_000)
        #expect(policy.retryDelay(failures: 1, random: 500) == 1_000)
    }

    @Test func `the last known secret serves for twelve hours and no longer`() throws {
        let (failed, _) = try Run.expectingAnswer()
        #expect(failed.send(.fetchFailed(failure), at: staleMax - 1).first == failing(isServing: true, retry: 500))
        let gone: [SecretEffect] = [.publish(nil), .report(.expired)]
        #expect(failed.send(.timerFired, at: staleMax) == gone + [.fetch])
        #expect(failed.send(.fetchFailed(failure), at: staleMax + 1).first == failing(isServing: false, retry: 1_000))

        let (answered, _) = try Run.expectingAnswer()
        #expect(answered.send(.fetchFailed(failure), at: staleMax) == gone + [
            failing(isServing: false, retry: 500), .schedule(afterMilliseconds: 500),
        ])

        let (waiting, _) = try Run.expectingAnswer()
        #expect(waiting.send(.timerFired, at: staleMax) == gone)
        let back = waiting.send(.fetched(try secret("A")), at: staleMax + 5)
        #expect(back == [
            try published("A", generation: 2), .report(.loaded), .schedule(afterMilliseconds: 270_000),
        ])
    }

    @Test func `bad signatures cause one early refresh in thirty seconds`() throws {
        let (run, _) = try Run.expectingRefresh()
        #expect(run.send(.badSignature, at: 1_000) == [.fetch])
        #expect(run.send(.badSignature, at: 1_001) == [])
        run.send(.fetched(try secret("A")), at: 1_100)
        #expect(run.send(.badSignature, at: 30_999) == [])
        #expect(run.send(.badSignature, at: 31_000) == [.fetch])
        run.send(.fetchFailed(failure), at: 31_100)
        #expect(run.send(.badSignature, at: 31_200) == [])
    }
}
