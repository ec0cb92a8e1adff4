import Foundation
import FuzzBasics
import FuzzWorld
import Gateway
import Testing
import TestSupport

/// The scripts of the target `Gateway`, and what its seeds reach.
struct GatewayScheduleTests {
    private static func world(_ script: String, isTracing: Bool = false) -> GatewayWorld {
        let world = GatewayWorld(WorldChoices([UInt8](script.utf8).span), isTracing: isTracing)
        world.run()
        return world
    }

    private static func seeds(of kind: String = "Corpus") throws -> [[UInt8]] {
        let folder = SharedFiles.packageDirectory.appendingPathComponent("Fuzz/\(kind)/Gateway")
        return try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
            .map { [UInt8](try Data(contentsOf: $0)) }
    }

    @Test func `an upload in order, killed, sent again, registered and expired`() {
        #expect(Self.world("UZTZ").tally.created == 1)
        #expect(Self.world("UCCKRRR").tally.crashes == 1)
        #expect(Self.world("U00001ZU00001zz").tally.replayed == 1)
        #expect(Self.world("UZOOOX").tally.expired == 1)
        #expect(Self.world("UZOOOG").tally.registered == 1)
        #expect(Self.world("U1ZTZ").tally.puts == 1)
    }

    /// The second upload has the first one's key, and the first one's time is over: never, while the body comes, after
    /// its end, and after the record was asked once more.
    @Test func `an image that is deleted while it is sent again is no answer`() {
        let begin = "U00001ZOOOU00001cja"
        for (rest, replayed) in [("cbja", 1), ("Xcbja", 0), ("cbXja", 0), ("cbjXa", 1)] {
            let world = Self.world(begin + rest)
            #expect(world.violations.isEmpty, "\(rest)")
            #expect(world.tally.replayed == replayed && world.tally.refused == 1 - replayed, "\(rest)")
            #expect(world.tally.expired == (rest.contains("X") ? 1 : 0), "\(rest)")
        }
    }

    /// A PutObject of nine bytes that are there before its record is asked for: what its death, that of the machine, a
    /// commit in doubt and a deadline leave of it, in the end.
    @Test func `a row that begins with completing is settled whatever happens`() {
        let scripts = [
            ("SS", created: 1, objects: 1, recovered: 0), ("SKRRRR", 0, 1, 1), ("KRRRRTRRRR", 0, 0, 1),
        ]
        for (rest, created, objects, recovered) in scripts {
            let world = Self.world("U108CBJ" + (rest.hasPrefix("K") ? rest : "A" + rest))
            #expect(world.violations.isEmpty, "\(rest)")
            #expect(world.tally.wholes == 1 && world.tally.recoveredWholes == recovered, "\(rest)")
            #expect(world.tally.created == created && world.tally.objects == objects, "\(rest)")
        }
        // What the writer has said is on the disk; what it has said failed is taken back.
        for (rest, recovered) in [("JW", 1), ("J2AJ", 0), ("TTTJA", 0), ("DJA", 0)] {
            let world = Self.world("U108CB" + rest)
            #expect(world.violations.isEmpty, "\(rest)")
            #expect(world.tally.wholes == 1 && world.tally.recoveredWholes == recovered, "\(rest)")
            #expect(world.tally.created == 0 && world.tally.objects == 0, "\(rest)")
        }
    }

    @Test func `one script is one run`() {
        for script in ["UZ8K5TRRR", "U02ZTZZW3", "UZ7S4TS4UCCL"] {
            #expect(Self.world(script, isTracing: true).trace == Self.world(script, isTracing: true).trace)
        }
    }

    /// What comes behind a step that is changed means what it meant.
    @Test func `details end with their step`() {
        let long = Self.world("UC5C12345C5", isTracing: true).trace
        let short = Self.world("UC5C1C5", isTracing: true).trace
        #expect(long == short)
    }

    @Test func `the seeds reach every end of an upload`() throws {
        var tally = GatewayWorld.Tally()
        for seed in try Self.seeds() {
            let world = GatewayWorld(WorldChoices(seed.span))
            world.run()
            tally.created += world.tally.created
            tally.refused += world.tally.refused
            tally.replayed += world.tally.replayed
            tally.crashes += world.tally.crashes
            tally.powerLosses += world.tally.powerLosses
            tally.recovered += world.tally.recovered
            tally.puts += world.tally.puts
            tally.wholes += world.tally.wholes
            tally.recoveredWholes += world.tally.recoveredWholes
            tally.expired += world.tally.expired
            tally.registered += world.tally.registered
            tally.forms += world.tally.forms
        }
        for count in [
            tally.created, tally.refused, tally.replayed, tally.crashes, tally.powerLosses, tally.recovered, tally.puts,
            tally.wholes, tally.recoveredWholes, tally.expired, tally.registered, tally.forms,
        ] {
            #expect(count >= 3, "\(tally)")
        }
    }

    /// Of the rules of recovery, by the seeds alone, and by what was found once.
    @Test func `a broken rule is noticed by a seed`() throws {
        let seeds = try Self.seeds() + Self.seeds(of: "Regressions")
        let breaches: [(UploadLife.RecoveryPhase, UploadLife.StoreAnswer, UploadLife.RecoveryStep)] = [
            (.completing, .noSuchUpload, .write(.stored)), (.aborting, .unknown, .write(.gone)),
            (.listing, .listedSome, .send(.deleting)), (.confirming, .notFound, .write(.gone)),
            (.settlingPut, .notFound, .write(.gone)), (.settlingPutAgain, .foundOurs, .write(.gone)),
            (.takingPutBack, .notFound, .write(.gone)), (.takingPutBackAgain, .foundOurs, .write(.gone)),
            (.deletingPut, .done, .write(.gone)), (.aborting, .done, .write(.gone)),
            (.aborting, .noSuchUpload, .send(.deleting)), (.listingRest, .listedSome, .write(.gone)),
        ]
        for breach in breaches {
            var rules = GatewayWorld.Rules()
            let whole = rules.next
            rules.next = { $0 == breach.0 && $1 == breach.1 ? breach.2 : whole($0, $1) }
            let isNoticed = seeds.contains { seed in
                let world = GatewayWorld(WorldChoices(seed.span), rules: rules)
                world.run()
                return !world.violations.isEmpty
            }
            #expect(isNoticed, "\(breach)")
        }
    }
}
