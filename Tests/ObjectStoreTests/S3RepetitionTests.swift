import Reactor
import StoreStates
import TestSupport
import Testing

@testable import ObjectStore

/// Chance as a test has it.
final class Dice {
    private(set) var asked: [ClosedRange<Int64>] = []
    private let throwing: (ClosedRange<Int64>) -> Int64

    init(_ throwing: @escaping (ClosedRange<Int64>) -> Int64) { self.throwing = throwing }

    func roll(_ range: ClosedRange<Int64>) -> Int64 {
        asked.append(range)
        return throwing(range)
    }
}

/// What a store in trouble is asked again: how often in all, and after what waits.
@Suite struct S3RepetitionTests {
    typealias Bench = S3StoreTests.Bench
    typealias Outage = S3StoreBreakerTests.Outage

    // MARK: how often

    /// A store whose breaker never opens, so that the budget alone stands in the way.
    private static func bench(_ outage: Outage, fault: String = "create") throws -> Bench {
        try Bench(FakeS3 { step, _ in step == fault ? outage.fault : nil }) { $0.breaker.troublesMax = .max }
    }

    /// So many uploads at once, to their end.
    private static func upload(_ count: Int, _ bench: Bench) -> [Owner] {
        let owners = (0..<count).map { _ in Owner() }
        let uploads = owners.enumerated().map { bench.begin($1, key: "k\($0)") }
        for (upload, owner) in zip(uploads, owners) { upload.walk([[1]], owner: owner) }
        #expect(bench.run { owners.allSatisfy(\.isOver) })
        return owners
    }

    /// How many repetitions so much time has paid for at most.
    private static func paid(since start: Int64, _ bench: Bench) -> Int { Int((bench.loop.now - start) / 100) + 1 }

    private static let burst = Int(RetryBudget.retriesMax)

    /// With a pause before each, and without one.
    @Test(arguments: [("create", FakeS3.error(503, "SlowDown")), ("part", FakeS3.error(400, "RequestTimeout"))])
    func `many uploads at once repeat no more than the budget has`(step: String, reply: ScriptedReply) throws {
        let outage = Outage()
        let bench = try Self.bench(outage, fault: step)
        let witness = StoreWitness()
        bench.store.observer = witness
        outage.begin(reply)
        let start = bench.loop.now
        // Each would repeat its request twice.
        let owners = Self.upload(2 * Self.burst, bench)
        let asked = bench.fake.steps.count { $0 == step }
        #expect(owners.allSatisfy { $0.events.last == .aborted })
        #expect(asked >= 3 * Self.burst)
        let paid = Self.paid(since: start, bench) + (bench.fake.steps.count - asked) / 5
        #expect(asked <= 3 * Self.burst + paid)
        #expect(witness.denied > 0)
    }

    @Test func `requests that go well pay for repetitions`() throws {
        let outage = Outage()
        let bench = try Self.bench(outage)
        for _ in 0..<2 * Self.burst { bench.store.countRetry() }
        // Three requests each, of which five pay for one; and a debt of ten.
        let owners = Self.upload(190, bench)
        #expect(owners.allSatisfy { $0.events.last == .completed })
        let asked = bench.fake.steps.count { $0 == "create" }
        outage.begin(FakeS3.error(503, "SlowDown"))
        _ = Self.upload(2 * Self.burst, bench)
        #expect(bench.fake.steps.count { $0 == "create" } - asked >= 3 * Self.burst)
    }

    @Test func `time pays too`() throws {
        let bench = try Bench()
        for _ in 0..<2 * Self.burst { bench.store.countRetry() }
        #expect(bench.run { bench.store.mayRetry })
    }

    // MARK: after what waits

    private static let hour = 3_600_000

    @Test func `a wait is any part of twice as much each time, up to its bound`() throws {
        let dice = Dice { _ in 0 }
        let bench = try Bench(
            FakeS3 { step, _ in step == "abort" ? .instead(FakeS3.error(503, "SlowDown")) : nil }, dice: dice
        ) { configuration in
            configuration.retry.baseMilliseconds = 100
            configuration.retry.capMilliseconds = 1_000
            configuration.retry.cleanupAttemptsMax = 7
        }
        _ = bench.openAndAbort()
        #expect(dice.asked == [0...100, 0...200, 0...400, 0...800, 0...1_000, 0...1_000])
    }

    @Test func `what chance says is waited`() throws {
        for isLong in [false, true] {
            let dice = Dice { isLong ? $0.upperBound : $0.lowerBound }
            let bench = try Bench(
                FakeS3 { _, count in count == 1 ? .instead(FakeS3.error(503, "SlowDown")) : nil }, dice: dice
            ) { configuration in
                configuration.retry.baseMilliseconds = Self.hour
                configuration.retry.capMilliseconds = Self.hour
            }
            let owner = Owner()
            let upload = bench.begin(owner)
            upload.create()
            #expect(bench.run { dice.asked == [0...Int64(Self.hour)] })
            if isLong {
                bench.settle(turns: 20)
                #expect(bench.fake.steps == ["create"])
            } else {
                #expect(bench.run { bench.fake.steps == ["create", "create"] })
            }
        }
    }

    @Test func `what waits for a store that is down looks at different times`() throws {
        let outage = Outage()
        let dice = Dice { _ in 1 }
        let bench = try Bench(FakeS3 { _, _ in outage.fault }, dice: dice) { configuration in
            configuration.retry.parkMilliseconds = Int64(Self.hour)
        }
        let owner = Owner()
        let upload = bench.begin(owner)
        upload.create()
        #expect(bench.run { owner.events.count == 1 })
        outage.begin(FakeS3.error(503, "SlowDown"))
        while bench.store.admission() == .admitted { _ = bench.upload([[1]]) }
        let before = dice.asked.count
        upload.abort()
        #expect(bench.run { dice.asked[before...].count { $0 == 1...Int64(Self.hour) } > 1 })
    }

    @Test func `a probe comes up to half of its wait early, by chance`() throws {
        // So much earlier that it is now, which no wait could be.
        for isNow in [false, true] {
            let dice = Dice { $0.upperBound < 1_000_000 ? 0 : isNow ? 2 * $0.upperBound : 0 }
            let bench = try Bench(
                FakeS3 { step, _ in step == "create" ? .instead(FakeS3.error(503, "SlowDown")) : nil },
                dice: dice
            ) { configuration in
                configuration.breaker.openMilliseconds = Int64(Self.hour)
                configuration.breaker.openMillisecondsMax = Int64(Self.hour)
            }
            let witness = StoreWitness()
            bench.store.observer = witness
            for _ in 0..<4 where witness.conditions.isEmpty { _ = bench.upload([[1]]) }
            #expect(witness.conditions == [.open])
            #expect(dice.asked.last == 0...Int64(Self.hour / 2))
            if isNow {
                #expect(bench.run { witness.conditions == [.open, .halfOpen] })
            } else {
                bench.settle(turns: 20)
                #expect(witness.conditions == [.open])
            }
        }
    }

    @Test func `chance is that by default`() throws {
        let bench = try Bench()
        let drawn = (0..<1_000).map { _ in bench.store.jitter(0...999) }
        #expect(drawn.allSatisfy { (0...999).contains($0) })
        // Of a thousand drawn from a thousand about 632 differ; that fewer than 400 do is not to be seen in this world.
        #expect(Set(drawn).count > 400)
        #expect(drawn.contains { $0 < 100 } && drawn.contains { $0 > 899 })
    }
}
