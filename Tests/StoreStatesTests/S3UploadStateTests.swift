import StoreStates
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
        // Somebody else's object, or none: Complete may be at work yet, and an Abort that finds nothing ends no doubt.
        let foreign = S3Answer.object(length: 10, recordToken: "other")
        #expect(other.answered(foreign, isRewound: false) == S3Reaction(.send(.abort(uploadID: "u"))))
        #expect(other.answered(.gone, isRewound: false) == S3Reaction(.send(.head)))
        guard case .failed(let failure) = other.answered(.noObject, isRewound: false).event else {
            Issue.record("no failure")
            return
        }
        #expect(failure.kind == .ambiguous)
        #expect(failure.step == .complete)
        // The record has to stay.
        guard case .failed(let end) = other.abort(isWaiting: false).event else {
            Issue.record("a certain end")
            return
        }
        #expect(end.step == .abort)
        #expect(other.isOver)
    }

    @Test func `an upload that somebody else aborted is lost`() {
        var state = Self.completing()
        #expect(state.answered(Self.missing, isRewound: false) == S3Reaction(.send(.head)))
        var repeated = Self.completing()
        _ = repeated.answered(Self.missing, isRewound: false, sends: 2)
        for (isRepeated, kind) in [(false, StoreFailure.Kind.unavailable), (true, .ambiguous)] {
            if isRepeated { state = repeated }
            #expect(state.answered(.noObject, isRewound: false) == S3Reaction(.send(.abort(uploadID: "u"))))
            _ = state.answered(.gone, isRewound: false)
            guard case .failed(let failure) = state.answered(.noObject, isRewound: false).event else {
                Issue.record("no failure")
                return
            }
            #expect(failure.kind == kind)
        }
    }

    @Test func `a Create that was sent twice is looked for once the upload is over`() {
        var state = S3UploadState(recordToken: "token")
        _ = state.create()
        #expect(
            state.answered(.created(uploadID: "u"), isRewound: false, sends: 2)
                == S3Reaction(event: .created(uploadID: "u")))
        var aborted = state
        _ = state.complete(parts: [Self.part])
        #expect(state.answered(.completed, isRewound: false) == S3Reaction(.send(.search), event: .completed))
        #expect(!state.isOver)
        #expect(state.abort(isWaiting: false) == .none)
        #expect(
            state.answered(.uploads(["u", "twin"]), isRewound: false)
                == S3Reaction(.send(.abort(uploadID: "twin"))))
        // The owner has its answer.
        #expect(state.answered(.aborted, isRewound: false) == .none)
        #expect(state.isOver)

        #expect(aborted.abort(isWaiting: false) == S3Reaction(.send(.abort(uploadID: "u"))))
        #expect(aborted.answered(.aborted, isRewound: false) == S3Reaction(.send(.search)))
        #expect(aborted.answered(.uploads(["twin"]), isRewound: false) == S3Reaction(.send(.abort(uploadID: "twin"))))
        #expect(aborted.answered(.gone, isRewound: false) == S3Reaction(event: .aborted))
    }

    @Test func `an upload that is not found is looked for until its Create must be over, and not declared gone`() {
        var limits = S3RetryLimits()
        limits.lateCreateMilliseconds = 1_000
        var state = S3UploadState(recordToken: "token", limits: limits)
        _ = state.create()
        _ = state.answered(Self.lost, isRewound: false)
        #expect(state.abort(isWaiting: false) == S3Reaction(.send(.search)))
        var late: S3UploadState?
        var waited = 0
        var reaction = state.answered(.uploads([]), isRewound: false)
        while case .pause(let milliseconds)? = reaction.command {
            waited += milliseconds
            #expect(state.waited() == S3Reaction(.send(.search)))
            late = state
            reaction = state.answered(.uploads([]), isRewound: false)
        }
        #expect(waited >= 1_000)
        guard case .failed(let failure) = reaction.event else {
            Issue.record("\(reaction)")
            return
        }
        #expect(failure.step == .abort)
        #expect(failure.kind == .ambiguous)
        #expect(state.isOver)
        #expect(late?.answered(.uploads(["l"]), isRewound: false) == S3Reaction(.send(.abort(uploadID: "l"))))
        #expect(late?.answered(.aborted, isRewound: false) == S3Reaction(event: .aborted))
    }

    @Test func `looks that find nothing are no failed attempts at one`() {
        var limits = S3RetryLimits()
        limits.cleanupAttemptsMax = 3
        var state = S3UploadState(recordToken: "token", limits: limits)
        _ = state.create()
        _ = state.answered(Self.lost, isRewound: false)
        _ = state.abort(isWaiting: false)
        for look in 1 ... 4 {
            for attempt in 1 ... 2 {
                #expect(
                    state.answered(Self.slow, isRewound: false)
                        == S3Reaction(.wait(millisecondsMax: limits.baseMilliseconds << (attempt - 1))))
                #expect(state.waited() == S3Reaction(.send(.search)))
            }
            #expect(
                state.answered(.uploads([]), isRewound: false)
                    == S3Reaction(.pause(milliseconds: limits.baseMilliseconds << (look - 1))))
            #expect(state.waited() == S3Reaction(.send(.search)))
        }
        for _ in 1 ... 2 { _ = state.answered(Self.slow, isRewound: false) }
        #expect(state.answered(Self.slow, isRewound: false).event != nil)
        #expect(state.isOver)
    }

    @Test func `an upload whose part was cut off is aborted until the store denies it`() {
        var state = S3UploadState(recordToken: "token")
        _ = state.create()
        _ = state.answered(.created(uploadID: "u"), isRewound: false)
        var idle = state
        #expect(idle.abort(isWaiting: false) == S3Reaction(.send(.abort(uploadID: "u"))))
        #expect(idle.answered(.aborted, isRewound: false) == S3Reaction(event: .aborted))
        _ = state.openPart(number: 1, length: 10)
        _ = state.abort(isWaiting: false)
        let limits = S3RetryLimits()
        let pause = S3Reaction(.pause(milliseconds: limits.abortConfirmMilliseconds))
        var doubting = state
        #expect(state.answered(.aborted, isRewound: false) == pause)
        #expect(state.waited() == S3Reaction(.send(.abort(uploadID: "u"))))
        #expect(state.answered(.gone, isRewound: false) == S3Reaction(event: .aborted))
        // Some stores never deny one.
        for _ in 0..<limits.abortConfirmationsMax {
            #expect(doubting.answered(.aborted, isRewound: false) == pause)
            _ = doubting.waited()
        }
        #expect(doubting.answered(.aborted, isRewound: false) == S3Reaction(event: .aborted))
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
        #expect(state.answered(.aborted, isRewound: false) == S3Reaction(.send(.head)))
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

    @Test func `what a client waits for is not repeated without leave, and left behind is nothing`() {
        var state = S3UploadState(recordToken: "token")
        _ = state.create()
        let create = state.answered(Self.slow, isRewound: false, mayRetry: false)
        #expect(create.command == nil && create.event != nil)
        #expect(state.abort(isWaiting: false) == S3Reaction(event: .aborted))

        state = S3UploadState(recordToken: "token")
        _ = state.create()
        _ = state.answered(.created(uploadID: "u"), isRewound: false)
        _ = state.openPart(number: 1, length: 10)
        let part = state.answered(Self.slow, isRewound: true, mayRetry: false)
        #expect(part.command == nil && part.event != nil)
        #expect(state.abort(isWaiting: false) == S3Reaction(.send(.abort(uploadID: "u"))))
        // Cleaning up is repeated all the same.
        #expect(state.isCleaningUp)
        #expect(state.answered(Self.slow, isRewound: false, mayRetry: false) == S3Reaction(.wait(millisecondsMax: 100)))

        state = Self.completing()
        let settling = state.answered(Self.lost, isRewound: false, mayRetry: false)
        #expect(settling == S3Reaction(.send(.abort(uploadID: "u"))))
        #expect(state.isCleaningUp)
    }

    @Test func `a body that came too slowly for the store is sent again at once, and then later`() {
        let timedOut = S3Answer.refused(S3Problem(status: 400, code: "RequestTimeout", detail: "idle"))
        var state = S3UploadState(recordToken: "token")
        _ = state.create()
        _ = state.answered(.created(uploadID: "u"), isRewound: false)
        let step = S3Step.part(uploadID: "u", number: 1, length: 10)
        _ = state.openPart(number: 1, length: 10)
        #expect(state.answered(timedOut, isRewound: true) == S3Reaction(.send(step)))
        #expect(state.answered(timedOut, isRewound: true) == S3Reaction(.wait(millisecondsMax: 200)))
    }
}
