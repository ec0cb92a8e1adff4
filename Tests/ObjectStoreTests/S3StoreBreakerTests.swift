import ObjectStore
import StoreStates
import Synchronization
import TestSupport
import Testing

/// What a store tells of itself.
final class StoreWitness: StoreObserver {
    private(set) var conditions: [StoreBreakerCondition] = []
    private(set) var regions: [String] = []
    private(set) var skews: [Int64] = []
    private(set) var repeated = 0
    private(set) var denied = 0

    func breakerChanged(_ condition: StoreBreakerCondition, detail: String) { conditions.append(condition) }
    func requestRepeated() { repeated += 1 }
    func repetitionDenied() { denied += 1 }
    func regionLearned(_ region: String) { regions.append(region) }
    func clockLearned(aheadMilliseconds: Int64) { skews.append(aheadMilliseconds) }
}

/// A store that goes down and comes back.
@Suite struct S3StoreBreakerTests {
    /// Whether the fake store is down, and how.
    final class Outage: Sendable {
        private let reply = Mutex<ScriptedReply?>(nil)

        func begin(_ reply: ScriptedReply) { self.reply.withLock { $0 = reply } }
        func end() { reply.withLock { $0 = nil } }
        var fault: FakeS3.Fault? { reply.withLock { $0.map { .instead($0) } } }
    }

    /// Uploads until the breaker is open.
    private static func open(_ bench: S3StoreTests.Bench) {
        for _ in 0..<4 where bench.store.admission() == .admitted { _ = bench.upload([[1]]) }
        #expect(bench.store.admission() != .admitted)
    }

    @Test(arguments: [FakeS3.error(503, "SlowDown"), .reset, .close, .answer(200, [], "gibberish")])
    func `a store that is down is asked for a sign of life alone, until it gives one`(reply: ScriptedReply) throws {
        let outage = Outage()
        let bench = try S3StoreTests.Bench(FakeS3 { _, _ in outage.fault })
        let witness = StoreWitness()
        bench.store.observer = witness
        #expect(bench.upload([[1]]).events.last == .completed)
        outage.begin(reply)
        // A Create whose answer is lost is looked for afterwards, so only its own step counts.
        var asked = 0
        for _ in 0..<12 where witness.conditions.isEmpty {
            let upload = bench.begin(Owner())
            upload.create()
            asked += 1
            bench.settle(turns: 20)
        }
        #expect(witness.conditions.first == .open)
        #expect(asked <= 5)
        outage.end()
        #expect(bench.run { bench.store.admission() == .admitted })
        #expect(bench.upload([[2]]).events.last == .completed)
        #expect(witness.conditions.last == .closed)
        #expect(bench.store.admission() == .admitted && bench.store.admission() == .admitted)
    }

    @Test func `what begins while it is down fails at once, without a request`() throws {
        let outage = Outage()
        let bench = try S3StoreTests.Bench(FakeS3 { _, _ in outage.fault })
        outage.begin(FakeS3.error(503, "SlowDown"))
        Self.open(bench)
        let asked = bench.fake.steps.count { $0 == "create" }
        let owner = bench.upload([[1]])
        #expect(owner.failures.first?.kind == .unavailable)
        #expect(owner.failures.first?.detail.contains("down") == true)
        #expect(owner.events.last == .aborted)
        #expect(bench.fake.steps.count { $0 == "create" } == asked)
        guard case .refused(let seconds, let detail) = bench.store.admission() else {
            Issue.record("admitted")
            return
        }
        #expect(seconds >= 1)
        #expect(detail.contains("SlowDown"))
    }

    @Test func `just back, it is asked by one upload, and one that had no turn fails without a request`() throws {
        let outage = Outage()
        let bench = try S3StoreTests.Bench(FakeS3 { _, _ in outage.fault })
        outage.begin(FakeS3.error(503, "SlowDown"))
        Self.open(bench)
        outage.end()
        // Being asked uses nothing up.
        #expect(bench.run { bench.store.admission() == .admitted && bench.store.admission() == .admitted })
        let asked = bench.fake.steps.count { $0 == "create" }
        let (first, second) = (Owner(), Owner())
        let uploads = [bench.begin(first), bench.begin(second)]
        for upload in uploads { upload.create() }
        #expect(bench.store.admission() != .admitted)
        #expect(bench.run { !first.events.isEmpty && !second.events.isEmpty })
        #expect(first.failures.isEmpty)
        #expect(second.failures.first?.kind == .unavailable)
        #expect(bench.fake.steps.count { $0 == "create" } == asked + 1)
        #expect(bench.store.admission() == .admitted)
    }

    @Test func `an abort waits until the store is back, and is done then`() throws {
        let outage = Outage()
        let bench = try S3StoreTests.Bench(FakeS3 { _, _ in outage.fault })
        let owner = Owner()
        let upload = bench.begin(owner)
        upload.create()
        #expect(bench.run { owner.events.count == 1 })
        #expect(bench.fake.uploadCount == 1)
        outage.begin(FakeS3.error(503, "SlowDown"))
        Self.open(bench)
        // Some answers, whichever, would let uploads find out.
        outage.begin(.reset)
        upload.abort()
        bench.settle(turns: 20)
        #expect(!owner.isOver)
        #expect(!bench.fake.steps.contains("abort"))
        outage.end()
        #expect(bench.run { owner.isOver })
        #expect(owner.events.last == .aborted)
        #expect(bench.fake.uploadCount == 0)
        #expect(bench.store.openCount == 0)
    }

    @Test func `refusals in earnest open nothing`() throws {
        let bench = try S3StoreTests.Bench(FakeS3 { step, _ in
            step == "create" ? .instead(FakeS3.error(403, "AccessDenied")) : nil
        })
        for _ in 0..<10 { _ = bench.upload([[1]]) }
        #expect(bench.store.admission() == .admitted)
        #expect(bench.fake.steps.count { $0 == "create" } == 10)
    }

    @Test func `repetitions are told`() throws {
        let bench = try S3StoreTests.Bench(FakeS3 { _, count in
            count == 1 ? .instead(FakeS3.error(503, "SlowDown")) : nil
        })
        let witness = StoreWitness()
        bench.store.observer = witness
        #expect(bench.upload([[1]]).events.last == .completed)
        #expect(witness.repeated == 3)
        #expect(witness.denied == 0)
    }

    @Test(arguments: ["RequestTimeout", "BadDigest"]) func `repetitions without a pause too`(code: String) throws {
        let bench = try S3StoreTests.Bench(FakeS3 { step, count in
            step == "part" && count == 1 ? .instead(FakeS3.error(400, code)) : nil
        })
        let witness = StoreWitness()
        bench.store.observer = witness
        #expect(bench.upload([[1]]).events.last == .completed)
        #expect(witness.repeated == 1)
    }
}
