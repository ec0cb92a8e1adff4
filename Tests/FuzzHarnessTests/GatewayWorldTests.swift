import Foundation
import FuzzBasics
import FuzzWorld
import Gateway
import Testing

/// The whole gateway without sockets: see `GatewayWorld`.
@Suite struct GatewayWorldTests {
    private static let shards = 4
    /// `SLUICE_SEEDS=1000000` tries more than the twenty thousand of every build.
    private static let seedsOfShard: UInt64 = {
        let asked = ProcessInfo.processInfo.environment["SLUICE_SEEDS"].flatMap { UInt64($0) }
        return max(asked ?? 20_000, 4_000) / UInt64(shards)
    }()

    /// `SLUICE_SEED=1234 swift test --filter GatewayWorldTests` runs one seed, and shows what happened.
    @Test func `a seed from outside holds every invariant`() throws {
        let text = ProcessInfo.processInfo.environment["SLUICE_SEED"]
        let seed = try #require(UInt64(text ?? "0"), "SLUICE_SEED is a number, not \"\(text ?? "")\"")
        let world = GatewayWorld(WorldChoices(seed: seed), isTracing: true)
        world.run()
        if text != nil { print(world.trace.joined(separator: "\n")) }
        #expect(world.violations.isEmpty)
        #expect(world.trace.count > 5)
    }

    @Test(arguments: 0 ..< Self.shards)
    func `every invariant holds over thousands of seeded worlds`(shard: Int) {
        var tally = GatewayWorld.Tally()
        let first = UInt64(shard) * Self.seedsOfShard
        for seed in first ..< first + Self.seedsOfShard {
            let world = GatewayWorld(WorldChoices(seed: seed))
            world.run()
            tally.add(world.tally)
            if !world.violations.isEmpty { return Self.report(seed) }
        }
        // A world in which nothing succeeds, fails or dies would prove nothing.
        let seeds = Int(Self.seedsOfShard)
        #expect(tally.created > seeds / 4, "\(tally)")
        #expect(tally.refused > seeds / 4, "\(tally)")
        #expect(tally.crashes > seeds / 4, "\(tally)")
        #expect(tally.powerLosses > seeds / 10, "\(tally)")
        #expect(tally.recovered > seeds / 4, "\(tally)")
        #expect(tally.puts > seeds / 20, "\(tally)")
        #expect(tally.wholes > seeds / 20, "\(tally)")
        #expect(tally.recoveredWholes > seeds / 50, "\(tally)")
        #expect(tally.forms > seeds / 40, "\(tally)")
        #expect(tally.registered > 0 && tally.expired > 0, "\(tally)")
    }

    /// A script instead of a seed, as a fuzzer gives them.
    @Test func `every invariant holds over worlds out of scripts`() {
        var random = SystemRandomNumberGenerator()
        for _ in 0 ..< 500 {
            let input = (0 ..< Int.random(in: 0 ... 400)).map { _ in UInt8.random(in: .min ... .max, using: &random) }
            let world = GatewayWorld(WorldChoices(input.span))
            world.run()
            #expect(world.violations.isEmpty, "\(input)")
        }
    }

    private typealias Phase = UploadLife.RecoveryPhase
    private typealias Answer = UploadLife.StoreAnswer
    private typealias Step = UploadLife.RecoveryStep

    /// Answers that a broken rule has another step for.
    private static let breaches: [(name: String, steps: [(Phase, Answer, Step)])] = [
        ("a HEAD decides before the Abort", [(.confirming, .notFound, .write(.gone))]),
        ("NoSuchUpload is taken for a success", [(.completing, .noSuchUpload, .write(.stored))]),
        ("what is refused to the look is deleted", [(.confirming, .unknown, .send(.deleting))]),
        ("what is refused to the look is gone", [(.settlingPut, .unknown, .write(.gone))]),
        ("an upload that the store denies leaves no object", [(.aborting, .noSuchUpload, .write(.gone))]),
        ("listed uploads are let be", [(.listing, .listedSome, .send(.deleting))]),
        ("others of the key are let be", [(.listingRest, .listedSome, .write(.gone))]),
        ("others of the key are listed, and listed", [(.listingRest, .listedSome, .retryLater(.listingRest))]),
        ("a PutObject is looked for once", [(.settlingPut, .notFound, .write(.gone))]),
        ("an Abort without an answer is one", [(.aborting, .unknown, .write(.gone))]),
    ]

    @Test(arguments: Self.breaches.indices)
    func `a broken rule of recovery is noticed`(index: Int) {
        let breach = Self.breaches[index]
        var rules = GatewayWorld.Rules()
        let whole = rules.next
        rules.next = { phase, answer in
            breach.steps.first { $0.0 == phase && $0.1 == answer }?.2 ?? whole(phase, answer)
        }
        #expect(Self.firstSeed(with: rules) != nil, "\(breach.name)")
    }

    @Test func `a rule that lists nothing where the id was lost is noticed`() {
        var rules = GatewayWorld.Rules()
        let whole = rules.first
        rules.first = { state, knowsUploadID, knowsSize in
            let step = whole(state, knowsUploadID, knowsSize)
            return step == .send(.listing) ? .send(.deleting) : step
        }
        #expect(Self.firstSeed(with: rules) != nil)
    }

    private static func firstSeed(with rules: GatewayWorld.Rules) -> UInt64? {
        (0 ..< UInt64(20_000)).first { seed in
            let world = GatewayWorld(WorldChoices(seed: seed), rules: rules)
            world.run()
            return !world.violations.isEmpty
        }
    }

    private static func report(_ seed: UInt64) {
        let world = GatewayWorld(WorldChoices(seed: seed), isTracing: true)
        world.run()
        Issue.record(
            """
            seed \(seed): \(world.violations.joined(separator: "; "))
            once more: SLUICE_SEED=\(seed) swift test --disable-xctest --filter GatewayWorldTests
            \(world.trace.joined(separator: "\n"))
            """)
    }
}

extension GatewayWorld.Tally {
    fileprivate mutating func add(_ other: GatewayWorld.Tally) {
        created += other.created
        refused += other.refused
        crashes += other.crashes
        powerLosses += other.powerLosses
        recovered += other.recovered
        puts += other.puts
        wholes += other.wholes
        recoveredWholes += other.recoveredWholes
        objects += other.objects
        replayed += other.replayed
        expired += other.expired
        registered += other.registered
        forms += other.forms
        steps += other.steps
    }
}
