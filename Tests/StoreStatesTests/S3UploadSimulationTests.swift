import StoreStates
import Testing

/// Whole uploads against a simulated bucket.
@Suite struct S3UploadSimulationTests {
    /// What is left in the store is what the last event says, whatever the store does and whenever the owner gives up.
    @Test(arguments: [0, 10, 30, 60]) func `every upload ends completed or aborted`(faults: Int) {
        var ends: [String: Int] = [:]
        for seed in UInt64(0)..<4_000 {
            let end = Self.run(seed: seed &* 977 &+ UInt64(faults), faults: faults)
            ends[end, default: 0] += 1
        }
        #expect(ends["completed", default: 0] > 100, "\(ends)")
        #expect(ends["aborted", default: 0] > 100, "\(ends)")
        if faults <= 30 { #expect(ends["left", default: 0] == 0, "\(ends)") }
    }

    private static func run(seed: UInt64, faults: Int) -> String {
        var world = SimulatedS3(seed: seed, token: "token", faults: faults)
        var state = S3UploadState(recordToken: "token")
        var parts: [StoredPart] = []
        let partCount = world.roll(3) + 1
        let abortAfter = world.roll(3) == 0 ? world.roll(8) : Int.max
        var reaction = state.create()
        var isWaiting = false
        var isCompleted = false
        var isUncertain = false
        for turn in 0..<400 {
            switch reaction.event {
            case .completed:
                #expect(world.object != nil, "seed \(seed)")
                isCompleted = true
            case .aborted:
                world.settle()
                #expect(world.uploads.isEmpty && world.object == nil && !isCompleted, "seed \(seed)")
                #expect(state.isOver)
                return "aborted"
            case .failed(let failure) where failure.step == .abort: isUncertain = true
            case .failed:
                #expect(!state.isOver)
                reaction = state.abort(isWaiting: false)
                continue
            case .partStored(let part): parts.append(part)
            case .created, nil: break
            }
            if isCompleted || isUncertain, state.isOver {
                world.settle()
                return !world.uploads.isEmpty ? "left" : isCompleted ? "completed" : "uncertain"
            }
            if turn == abortAfter {
                let pending = reaction
                reaction = state.abort(isWaiting: isWaiting || reaction.isWait)
                // Nothing new is asked: what is under way goes on.
                if reaction == .none { reaction = S3Reaction(pending.command) } else { continue }
            }
            switch reaction.command {
            case .send(let step):
                isWaiting = false
                let answer = world.answer(step)
                reaction = state.answered(answer, isRewound: world.roll(2) == 0, sends: world.sends)
            case .wait(let milliseconds), .pause(let milliseconds):
                world.pass(milliseconds: milliseconds)
                isWaiting = true
                reaction = state.waited()
                isWaiting = false
            case nil:
                guard turn <= abortAfter || abortAfter == .max else { break }
                if parts.count < partCount {
                    reaction = state.openPart(number: parts.count + 1, length: Int64(parts.count + 1))
                } else {
                    reaction = state.complete(parts: parts)
                }
            }
        }
        Issue.record("seed \(seed) does not end")
        return "endless"
    }
}

extension S3Reaction {
    var isWait: Bool {
        switch command {
        case .wait, .pause: true
        case .send, nil: false
        }
    }
}
