import Foundation
import FuzzHarness
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
    @Test(.enabled(if: ProcessInfo.processInfo.environment["SLUICE_SEED"] != nil))
    func `a seed from outside holds every invariant`() throws {
        let text = ProcessInfo.processInfo.environment["SLUICE_SEED"] ?? ""
        let seed = try #require(UInt64(text), "SLUICE_SEED is a number, not \"\(text)\"")
        let world = GatewayWorld(WorldChoices(seed: seed), isTracing: true)
        world.run()
        print(world.trace.joined(separator: "\n"))
        #expect(world.violations.isEmpty)
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
        objects += other.objects
        steps += other.steps
    }
}
