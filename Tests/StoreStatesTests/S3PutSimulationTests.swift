import StoreStates
import Testing

/// Whole PutObjects against a simulated bucket.
@Suite struct S3PutSimulationTests {
    /// What is in the store is what the last event says, however late a PutObject without an answer comes to its end,
    /// and whenever the owner gives up, be it after the object was stored.
    @Test(arguments: [0, 10, 30, 60]) func `an object is there, or certainly not, or in doubt`(faults: Int) {
        var ends: [String: Int] = [:]
        for seed in UInt64(0)..<4_000 {
            ends[Self.run(seed: seed &* 977 &+ UInt64(faults), faults: faults), default: 0] += 1
        }
        #expect(ends["completed", default: 0] > 100, "\(ends)")
        #expect(ends["aborted", default: 0] > 100, "\(ends)")
        #expect(ends["endless"] == nil)
        if faults <= 30 { #expect(ends["uncertain", default: 0] == 0, "\(ends)") }
    }

    private static func run(seed: UInt64, faults: Int) -> String {
        var world = SimulatedS3(seed: seed, token: "token", faults: faults)
        var state = S3PutState(length: 10, recordToken: "token")
        let abortAfter = world.roll(3) == 0 ? world.roll(8) : Int.max
        var isAborted = false
        var isCompleted = false
        var reaction = state.put()
        for turn in 0..<400 {
            switch reaction.event {
            case .completed:
                #expect(!isAborted, "seed \(seed): told what it no longer wants")
                isCompleted = true
            case .aborted:
                world.settle()
                #expect(isAborted && world.object == nil && state.isOver, "seed \(seed)")
                return "aborted"
            case .failed(let failure) where failure.step == .abort:
                #expect(state.isOver)
                return "uncertain"
            case .failed:
                #expect(!state.isOver && !isAborted, "seed \(seed)")
                isAborted = true
                reaction = state.abort(isWaiting: false, isWhole: false)
                continue
            case .created, .partStored, nil: break
            }
            if turn >= abortAfter, !isAborted {
                isAborted = true
                let pending = reaction
                // A request that is cut off before its end stores nothing: here all are sent whole.
                reaction = state.abort(isWaiting: reaction.isWait, isWhole: true)
                if reaction == .none { reaction = S3Reaction(pending.command) } else { continue }
            }
            switch reaction.command {
            case .send(let step):
                let answer = world.answer(step)
                let isRewound = world.roll(2) == 0
                reaction = state.answered(answer, isRewound: isRewound, sends: world.sends, isWhole: true)
            case .wait(let milliseconds), .pause(let milliseconds):
                world.pass(milliseconds: milliseconds)
                reaction = state.waited()
            case nil:
                guard isCompleted else { return "endless" }
                #expect(world.object?.isWrong == false, "seed \(seed)")
                if abortAfter == .max { return "completed" }
                reaction = .none
            }
        }
        Issue.record("seed \(seed) does not end")
        return "endless"
    }
}
