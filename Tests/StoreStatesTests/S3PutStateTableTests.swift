import StoreStates
import TestSupport
import Testing

/// Every pair of a state and an event of a PutObject.
@Suite struct S3PutStateTableTests {
    enum State: String, CaseIterable, CustomTestStringConvertible {
        case fresh, putting, puttingInDoubt, retrying, abandoned, settling, stored, storedInDoubt
        case failed, failedInDoubt, looking, deleting, deletingLast, rechecking, lookingAgain, over

        var testDescription: String { rawValue }
    }

    enum Event: String, CaseIterable {
        case put, stored, lost, lostRewound, cutOff, unsent, slow, slowRewound, broken, denied, sourceFailed, repeated
        case ours, others, none, deleted
        case waited, abort, abortWaiting, abortWhole, leave, forgo
    }

    /// The way to a state, by events.
    private static func steps(to state: State) -> [Event] {
        switch state {
        case .fresh: []
        case .putting: [.put]
        case .puttingInDoubt: [.put, .lostRewound, .waited]
        case .retrying: [.put, .slowRewound]
        case .abandoned: [.put, .abortWhole]
        case .settling: [.put, .lost]
        case .stored: [.put, .stored]
        case .storedInDoubt: [.put, .repeated]
        case .failed: [.put, .denied]
        case .failedInDoubt: [.put, .lost, .none, .none, .none]
        case .looking: [.put, .lost, .none, .none, .none, .abort]
        case .deleting: [.put, .repeated, .abort]
        case .deletingLast: [.put, .stored, .abort]
        case .rechecking: [.put, .lost, .none, .none, .none, .abort, .none]
        case .lookingAgain: [.put, .lost, .none, .none, .none, .abort, .none, .waited]
        case .over: [.put, .stored, .leave]
        }
    }

    private static func tell(_ event: Event, _ state: inout S3PutState) -> S3Reaction {
        switch event {
        case .put: state.put()
        case .stored: answer(.stored(etag: "e"), &state)
        case .lost: answer(S3UploadStateTests.lost, &state)
        case .lostRewound: answer(S3UploadStateTests.lost, &state, isRewound: true)
        case .cutOff: answer(S3UploadStateTests.lost, &state, isWhole: false)
        case .unsent: answer(.lost(S3Problem(detail: "no connection"), mayHaveArrived: false), &state)
        case .slow: answer(S3UploadStateTests.slow, &state)
        case .slowRewound: answer(S3UploadStateTests.slow, &state, isRewound: true)
        case .broken: answer(.refused(S3Problem(status: 500, code: "InternalError", detail: "broken")), &state)
        case .denied: answer(S3UploadStateTests.denied, &state)
        case .sourceFailed: answer(.sourceFailed("gone"), &state, isWhole: false)
        case .repeated: answer(.stored(etag: "e"), &state, sends: 2)
        case .ours: answer(.object(length: 10, recordToken: "token"), &state)
        case .others: answer(.object(length: 10, recordToken: "other"), &state)
        case .none: answer(.noObject, &state)
        case .deleted: answer(.deleted, &state)
        case .waited: state.waited()
        case .abort: state.abort(isWaiting: false, isWhole: false)
        case .abortWaiting: state.abort(isWaiting: true, isWhole: true)
        case .abortWhole: state.abort(isWaiting: false, isWhole: true)
        case .leave: state.leave()
        case .forgo: state.forgoRecheck()
        }
    }

    private static func answer(
        _ answer: S3Answer, _ state: inout S3PutState, isRewound: Bool = false, sends: Int = 1, isWhole: Bool = true
    ) -> S3Reaction {
        state.answered(answer, isRewound: isRewound, sends: sends, isWhole: isWhole)
    }

    private static func words(_ reaction: S3Reaction, _ state: S3PutState) -> String {
        var words: [String] = []
        switch reaction.command {
        case .send(let step): words.append("send " + step.name)
        case .wait: words.append("wait")
        case .pause: words.append("recheck later")
        case nil: break
        }
        switch reaction.event {
        case .completed: words.append("completed")
        case .aborted: words.append("aborted")
        case .failed(let failure): words.append("failed \(failure.step.rawValue) \(failure.kind)")
        case .created, .partStored: words.append("an event of an upload in parts")
        case nil: break
        }
        if state.isOver { words.append("over") }
        return words.joined(separator: ", ")
    }

    private static func make(_ state: State) -> S3PutState {
        var limits = S3RetryLimits()
        limits.cleanupAttemptsMax = 1
        var made = S3PutState(length: 10, recordToken: "token", limits: limits)
        for step in steps(to: state) {
            if tell(step, &made).isWait, step != .lostRewound, step != .slowRewound, !made.isRechecking {
                _ = made.waited()
            }
        }
        return made
    }

    @Test(arguments: State.allCases) func `each event has its outcome`(state: State) {
        var row = StateRow(state.rawValue + ":")
        for event in Event.allCases {
            var subject = Self.make(state)
            let reaction = Self.tell(event, &subject)
            row.add(event.rawValue, Self.words(reaction, subject))
        }
        #expect(row.lines == Self.table[state.rawValue])
    }

    @Test func `the table has no state too many`() {
        #expect(Self.table.states == Set(State.allCases.map(\.rawValue)))
    }

    /// For each state what each event causes; `over`: nothing more is asked or told unless the owner asks.
    private static let table = StateTable(
        """
        fresh:
          send PutObject: put
          nothing: stored, lost, lostRewound, cutOff, unsent, slow, slowRewound, broken, denied, sourceFailed,
            repeated, ours, others, none, deleted, waited, forgo
          aborted, over: abort, abortWaiting, abortWhole
          over: leave
        putting:
          nothing: put, abortWhole, forgo
          completed, over: stored, repeated
          send HeadObject: lost, broken, ours, others, none, deleted
          wait: lostRewound, slowRewound
          failed put unavailable: cutOff, unsent, slow
          failed put refused: denied
          failed put clientSide: sourceFailed
          send PutObject: waited
          aborted, over: abort, abortWaiting
          over: leave
        puttingInDoubt:
          nothing: put, abortWhole, forgo
          completed, over: stored, repeated
          send HeadObject: lost, cutOff, unsent, slow, broken, denied, ours, others, none, deleted, abort,
            abortWaiting
          wait: lostRewound, slowRewound
          failed put ambiguous: sourceFailed
          send PutObject: waited
          over: leave
        retrying:
          nothing: put, abortWhole, forgo
          completed, over: stored, repeated
          send HeadObject: lost, broken, ours, others, none, deleted
          wait: lostRewound, slowRewound
          failed put unavailable: cutOff, unsent, slow
          failed put refused: denied
          failed put clientSide: sourceFailed
          send PutObject: waited
          aborted, over: abort, abortWaiting
          over: leave
        abandoned:
          nothing: put, abort, abortWaiting, abortWhole, forgo
          send DeleteObject: stored, repeated
          send HeadObject: lost, lostRewound, broken, ours, others, none, deleted
          aborted, over: cutOff, unsent, slow, slowRewound, denied, sourceFailed
          send PutObject: waited
          over: leave
        settling:
          nothing: put, abort, abortWhole, forgo
          wait: stored, lost, lostRewound, cutOff, unsent, slow, slowRewound, broken, denied, sourceFailed,
            repeated, others, none, deleted
          completed, over: ours
          send HeadObject: waited, abortWaiting
          over: leave
        stored:
          over: put, stored, lost, lostRewound, cutOff, unsent, slow, slowRewound, broken, denied,
            sourceFailed, repeated, ours, others, none, deleted, waited, leave, forgo
          send DeleteObject: abort, abortWaiting, abortWhole
        storedInDoubt:
          over: put, stored, lost, lostRewound, cutOff, unsent, slow, slowRewound, broken, denied,
            sourceFailed, repeated, ours, others, none, deleted, waited, leave, forgo
          send DeleteObject: abort, abortWaiting, abortWhole
        failed:
          nothing: put, stored, lost, lostRewound, cutOff, unsent, slow, slowRewound, broken, denied,
            sourceFailed, repeated, ours, others, none, deleted, waited, forgo
          aborted, over: abort, abortWaiting, abortWhole
          over: leave
        failedInDoubt:
          nothing: put, stored, lost, lostRewound, cutOff, unsent, slow, slowRewound, broken, denied,
            sourceFailed, repeated, ours, others, none, deleted, waited, forgo
          send HeadObject: abort, abortWaiting, abortWhole
          over: leave
        looking:
          nothing: put, abort, abortWaiting, abortWhole, forgo
          failed abort unavailable, over: stored, lost, lostRewound, cutOff, unsent, slow, slowRewound,
            broken, sourceFailed, repeated, deleted
          failed abort refused, over: denied
          send DeleteObject: ours
          recheck later: others, none
          send HeadObject: waited
          over: leave
        deleting:
          nothing: put, abort, abortWaiting, abortWhole, forgo
          failed abort unavailable, over: stored, lost, lostRewound, cutOff, unsent, slow, slowRewound,
            broken, sourceFailed, repeated, ours, others, none
          failed abort refused, over: denied
          send HeadObject: deleted
          send DeleteObject: waited
          over: leave
        deletingLast:
          nothing: put, abort, abortWaiting, abortWhole, forgo
          failed abort unavailable, over: stored, lost, lostRewound, cutOff, unsent, slow, slowRewound,
            broken, sourceFailed, repeated, ours, others, none
          failed abort refused, over: denied
          aborted, over: deleted
          send DeleteObject: waited
          over: leave
        rechecking:
          nothing: put, stored, lost, lostRewound, cutOff, unsent, slow, slowRewound, broken, denied,
            sourceFailed, repeated, ours, others, none, deleted, abort, abortWaiting, abortWhole
          send HeadObject: waited
          over: leave
          failed abort ambiguous, over: forgo
        lookingAgain:
          nothing: put, abort, abortWaiting, abortWhole, forgo
          failed abort unavailable, over: stored, lost, lostRewound, cutOff, unsent, slow, slowRewound,
            broken, sourceFailed, repeated, deleted
          failed abort refused, over: denied
          send DeleteObject: ours
          aborted, over: others, none
          send HeadObject: waited
          over: leave
        over:
          over: put, stored, lost, lostRewound, cutOff, unsent, slow, slowRewound, broken, denied,
            sourceFailed, repeated, ours, others, none, deleted, waited, abort, abortWaiting, abortWhole,
            leave, forgo
        """)
}
