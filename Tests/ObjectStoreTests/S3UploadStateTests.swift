import ObjectStore
import Testing

@Suite struct S3UploadStateTests {
    static let slow = S3Answer.refused(S3Problem(status: 503, code: "SlowDown", detail: "slow"))
    static let denied = S3Answer.refused(S3Problem(status: 403, code: "AccessDenied", detail: "denied"))
    static let lost = S3Answer.lost(S3Problem(detail: "reset"), mayHaveArrived: true)
    static let missing = S3Answer.refused(S3Problem(status: 404, code: "NoSuchUpload", detail: "none"))
    static let part = StoredPart(number: 1, etag: "\"e\"", length: 10)

    /// A state with one part stored that has just sent Complete.
    static func completing() -> S3UploadState {
        var state = S3UploadState(recordToken: "token")
        _ = state.create()
        _ = state.answered(.created(uploadID: "u"), isRewound: false)
        _ = state.openPart(number: 1, length: 10)
        _ = state.answered(.stored(etag: "\"e\""), isRewound: false)
        _ = state.complete(parts: [part])
        return state
    }

    @Test func `walks from create over parts to complete`() {
        var state = S3UploadState(recordToken: "token")
        #expect(state.create() == S3Reaction(.send(.create)))
        #expect(
            state.answered(.created(uploadID: "u"), isRewound: false)
                == S3Reaction(event: .created(uploadID: "u")))
        for number in 1...2 {
            let step = S3Step.part(uploadID: "u", number: number, length: 10)
            #expect(state.openPart(number: number, length: 10) == S3Reaction(.send(step)))
            #expect(
                state.answered(.stored(etag: "\"e\""), isRewound: false)
                    == S3Reaction(event: .partStored(StoredPart(number: number, etag: "\"e\"", length: 10))))
        }
        #expect(state.complete(parts: [Self.part]) == S3Reaction(.send(.complete(uploadID: "u", parts: [Self.part]))))
        #expect(state.answered(.completed, isRewound: false) == S3Reaction(event: .completed))
        #expect(state.isOver)
        #expect(state.abort(isWaiting: false) == .none)
    }

    @Test func `an abort while Create is under way waits for the id and aborts that`() {
        var state = S3UploadState(recordToken: "token")
        _ = state.create()
        #expect(state.abort(isWaiting: false) == .none)
        #expect(
            state.answered(.created(uploadID: "late"), isRewound: false)
                == S3Reaction(.send(.abort(uploadID: "late"))))
        #expect(state.answered(.gone, isRewound: false) == S3Reaction(event: .aborted))
        #expect(state.isOver)
    }

    @Test func `a Create whose answer was lost is never sent twice, and is searched for`() {
        var state = S3UploadState(recordToken: "token")
        _ = state.create()
        let reaction = state.answered(Self.lost, isRewound: false)
        guard case .failed(let failure) = reaction.event else {
            Issue.record("\(reaction)")
            return
        }
        #expect(failure.kind == .ambiguous)
        #expect(failure.step == .create)
        #expect(reaction.command == nil)
        #expect(state.abort(isWaiting: false) == S3Reaction(.send(.search)))
        #expect(
            state.answered(.uploads(["a", "b"]), isRewound: false) == S3Reaction(.send(.abort(uploadID: "a"))))
        #expect(state.answered(.gone, isRewound: false) == S3Reaction(.send(.abort(uploadID: "b"))))
        #expect(state.answered(.gone, isRewound: false) == S3Reaction(event: .aborted))
    }

    @Test func `an overloaded store is asked again, a few times`() {
        var state = S3UploadState(recordToken: "token")
        _ = state.create()
        #expect(state.answered(Self.slow, isRewound: false) == S3Reaction(.wait(millisecondsMax: 100)))
        #expect(state.waited() == S3Reaction(.send(.create)))
        #expect(state.answered(Self.slow, isRewound: false) == S3Reaction(.wait(millisecondsMax: 200)))
        #expect(state.waited() == S3Reaction(.send(.create)))
        guard case .failed(let failure) = state.answered(Self.slow, isRewound: false).event else {
            Issue.record("no failure")
            return
        }
        #expect(failure == StoreFailure(step: .create, kind: .unavailable, detail: "slow", code: "SlowDown"))
        #expect(state.abort(isWaiting: false) == S3Reaction(event: .aborted))
    }

    @Test func `a refusal is not repeated`() {
        var state = S3UploadState(recordToken: "token")
        _ = state.create()
        guard case .failed(let failure) = state.answered(Self.denied, isRewound: false).event else {
            Issue.record("no failure")
            return
        }
        #expect(failure.kind == .refused)
    }

    @Test func `a part is repeated only when its bytes can be had again`() {
        for isRewound in [true, false] {
            var state = S3UploadState(recordToken: "token")
            _ = state.create()
            _ = state.answered(.created(uploadID: "u"), isRewound: false)
            _ = state.openPart(number: 1, length: 10)
            let reaction = state.answered(Self.lost, isRewound: isRewound)
            if isRewound {
                #expect(reaction == S3Reaction(.wait(millisecondsMax: 100)))
                #expect(state.waited() == S3Reaction(.send(.part(uploadID: "u", number: 1, length: 10))))
            } else {
                guard case .failed(let failure) = reaction.event else {
                    Issue.record("\(reaction)")
                    return
                }
                #expect(failure.kind == .unavailable)
            }
            #expect(state.abort(isWaiting: false) == S3Reaction(.send(.abort(uploadID: "u"))))
        }
    }

    @Test func `a lost Complete is repeated, and NoSuchUpload then asks for the object`() {
        var state = Self.completing()
        #expect(state.answered(Self.lost, isRewound: false) == S3Reaction(.wait(millisecondsMax: 100)))
        #expect(state.waited() == S3Reaction(.send(.complete(uploadID: "u", parts: [Self.part]))))
        #expect(state.answered(Self.missing, isRewound: false) == S3Reaction(.send(.head)))
        var other = state
        #expect(
            state.answered(.object(length: 10, recordToken: "token"), isRewound: false)
                == S3Reaction(event: .completed))
        // Somebody else's object, or none: the upload is gone and so are its bytes.
        guard case .failed(let failure) = other.answered(
            .object(length: 10, recordToken: "other"), isRewound: false).event
        else {
            Issue.record("no failure")
            return
        }
        #expect(failure.kind == .unavailable)
        #expect(other.abort(isWaiting: false) == S3Reaction(event: .aborted))
    }

    @Test func `giving up on a Complete aborts first, for only then a HEAD decides`() {
        var state = Self.completing()
        for attempt in 1...3 {
            #expect(
                state.answered(Self.lost, isRewound: false)
                    == S3Reaction(.wait(millisecondsMax: 100 << (attempt - 1))))
            _ = state.waited()
        }
        #expect(state.answered(Self.lost, isRewound: false) == S3Reaction(.send(.abort(uploadID: "u"))))
        #expect(state.answered(Self.slow, isRewound: false) == S3Reaction(.wait(millisecondsMax: 100)))
        #expect(state.waited() == S3Reaction(.send(.abort(uploadID: "u"))))
        #expect(state.answered(.gone, isRewound: false) == S3Reaction(.send(.head)))
        // 403 says nothing.
        #expect(state.answered(Self.denied, isRewound: false) == S3Reaction(.wait(millisecondsMax: 100)))
        #expect(state.waited() == S3Reaction(.send(.head)))
        var other = state
        #expect(
            state.answered(.object(length: 10, recordToken: "token"), isRewound: false)
                == S3Reaction(event: .completed))
        guard case .failed(let failure) = other.answered(.noObject, isRewound: false).event else {
            Issue.record("no failure")
            return
        }
        #expect(failure.kind == .unavailable)
    }

    @Test func `a Complete that cannot be settled is ambiguous`() {
        var limits = S3RetryLimits()
        limits.completeAttemptsMax = 1
        limits.cleanupAttemptsMax = 2
        var state = S3UploadState(recordToken: "token", limits: limits)
        _ = state.create()
        _ = state.answered(.created(uploadID: "u"), isRewound: false)
        _ = state.complete(parts: [])
        _ = state.answered(Self.lost, isRewound: false)
        _ = state.answered(Self.denied, isRewound: false)
        _ = state.waited()
        guard case .failed(let failure) = state.answered(Self.denied, isRewound: false).event else {
            Issue.record("no failure")
            return
        }
        #expect(failure.kind == .ambiguous)
        #expect(failure.step == .complete)
    }

    @Test func `a definite no to Complete leaves the upload to be aborted`() {
        var state = Self.completing()
        let small = S3Answer.refused(S3Problem(status: 400, code: "EntityTooSmall", detail: "small"))
        guard case .failed(let failure) = state.answered(small, isRewound: false).event else {
            Issue.record("no failure")
            return
        }
        #expect(failure.kind == .refused)
        #expect(state.abort(isWaiting: false) == S3Reaction(.send(.abort(uploadID: "u"))))
    }

    @Test func `waits grow to their cap`() {
        let limits = S3RetryLimits()
        var state = S3UploadState(recordToken: "token", limits: limits)
        _ = state.create()
        _ = state.answered(.created(uploadID: "u"), isRewound: false)
        _ = state.abort(isWaiting: false)
        var waits: [Int] = []
        while case .wait(let milliseconds)? = state.answered(Self.slow, isRewound: false).command {
            waits.append(milliseconds)
            _ = state.waited()
        }
        #expect(waits.count == limits.cleanupAttemptsMax - 1)
        #expect(waits.first == limits.baseMilliseconds)
        #expect(waits.last == limits.capMilliseconds)
        #expect(zip(waits, waits.dropFirst()).allSatisfy { $0 <= $1 })
        #expect(state.isOver)
    }

    @Test func `a step out of order is refused, and the upload can still be aborted`() {
        var state = S3UploadState(recordToken: "token")
        guard case .failed(let failure) = state.openPart(number: 1, length: 1).event else {
            Issue.record("no failure")
            return
        }
        #expect(failure.kind == .clientSide)
        #expect(state.abort(isWaiting: false) == S3Reaction(event: .aborted))
    }

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
        for turn in 0..<400 {
            switch reaction.event {
            case .completed:
                #expect(world.uploads.isEmpty && world.object != nil, "seed \(seed)")
                #expect(state.isOver)
                return "completed"
            case .aborted:
                #expect(world.uploads.isEmpty && world.object == nil, "seed \(seed)")
                #expect(state.isOver)
                return "aborted"
            case .failed(let failure) where failure.step == .abort:
                #expect(state.isOver)
                return "left"
            case .failed:
                #expect(!state.isOver)
                reaction = state.abort(isWaiting: false)
                continue
            case .partStored(let part): parts.append(part)
            case .created, nil: break
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
                reaction = state.answered(world.answer(step), isRewound: world.roll(2) == 0)
            case .wait:
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
        if case .wait? = command { true } else { false }
    }
}
