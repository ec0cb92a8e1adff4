import Images
import TestSupport
import Testing
import Tokens

@testable import Gateway

/// Every pair of a state and an event. Three sides make up a state; these are the combinations that a walk through an
/// upload meets, each with all that may happen in it.
struct UploadExchangeTableTests {
    enum State: String, CaseIterable, CustomTestStringConvertible {
        case awaitingMagic, sending, openingAsked, openingAskedWhole, refusedWhileOpening, creating, creatingWhole
        case awaitingPart, awaitingSpoolPart, sendingPart, sendingLastPart, sentLastPart, completing
        case completingForNobody, aborting, abortingDoubtful, withoutJournal, ended
        case putWholeAsked, putWholeRefused, putHeld, putHeldWhole, putting, puttingWhole, putReleased
        case putReleasedForNobody, withdrawing

        var testDescription: String { rawValue }
    }

    enum Event: String, CaseIterable {
        case bodyBytes, bytesOverCap, bodyEnded, delayPassedFast, delayPassedSlow, clientLost, cancel
        case openingCommitted, completingDurable, withdrawalCommitted, journalFailed, withdrawalFailed
        case created, partStored, otherPartStored, completed, failed, failedInDoubt, aborted, abortGivenUp
    }

    private static let policy = UploadPolicy(uploadBytesMax: 1_000_000, partBytes: 400_000)

    private static func begin(declared: UInt64?, puts: Bool) -> UploadExchange {
        var effects: [UploadEffect] = []
        var policy = policy
        if puts { policy.strategy = .put }
        let plan = UploadPlan(
            key: ObjectKey(subject: "1", milliseconds: 1, uuid: "u", type: .jpeg),
            claims: TokenClaims(subject: "1", role: .user, expiresAt: 9), type: .jpeg, declaredBytes: declared,
            filename: nil, host: "h", recordToken: "r", expectsContinue: false)
        return UploadExchange(plan: plan, policy: policy, into: &effects)
    }

    private static func jpeg(_ count: Int) -> [UInt8] { [0xFF, 0xD8, 0xFF] + [UInt8](repeating: 0, count: count - 3) }
    private static let receipt = PartReceipt(number: 1, entityTag: "e", bytes: 100)

    /// An upload of 100 bytes in that state; one of unknown length where it waits for the spool.
    private static func make(_ state: State) -> UploadExchange {
        let isLong = [.sendingPart, .putting, .puttingWhole].contains(state)
        var made = begin(
            declared: state == .awaitingSpoolPart ? nil : isLong ? 100_000 : 100,
            puts: state.rawValue.hasPrefix("put") || state == .withdrawing)
        var effects: [UploadEffect] = []
        var steps: [Event]
        switch state {
        case .awaitingMagic: steps = []
        case .sending: steps = [.bodyBytes]
        case .openingAsked: steps = [.bodyBytes, .delayPassedFast]
        case .openingAskedWhole: steps = [.bodyBytes, .bodyEnded]
        case .refusedWhileOpening: steps = [.bodyBytes, .delayPassedFast, .cancel]
        case .creating: steps = [.bodyBytes, .delayPassedFast, .openingCommitted]
        case .creatingWhole: steps = [.bodyBytes, .bodyEnded, .openingCommitted]
        case .sendingPart, .awaitingSpoolPart: steps = [.bodyBytes, .delayPassedFast, .openingCommitted, .created]
        case .awaitingPart: steps = [.bodyBytes, .bodyEnded, .openingCommitted, .created, .partStored]
        case .sendingLastPart: steps = [.bodyBytes, .bodyEnded, .openingCommitted, .created]
        case .sentLastPart: steps = [.bodyBytes, .bodyEnded, .openingCommitted, .created, .completingDurable]
        case .completing:
            steps = [.bodyBytes, .bodyEnded, .openingCommitted, .created, .completingDurable, .partStored]
        case .completingForNobody:
            steps = [.bodyBytes, .bodyEnded, .clientLost, .openingCommitted, .created, .completingDurable, .partStored]
        case .aborting: steps = [.bodyBytes, .delayPassedFast, .openingCommitted, .created, .cancel]
        case .abortingDoubtful:
            steps = [
                .bodyBytes, .bodyEnded, .openingCommitted, .created, .completingDurable, .partStored, .failedInDoubt,
            ]
        case .withoutJournal: steps = [.bodyBytes, .bodyEnded, .openingCommitted, .created, .journalFailed]
        case .ended: steps = [.clientLost]
        case .putWholeAsked: steps = [.bodyBytes, .bodyEnded]
        case .putWholeRefused: steps = [.bodyBytes, .bodyEnded, .cancel]
        case .putHeld, .putting: steps = [.bodyBytes, .delayPassedFast, .openingCommitted]
        case .putHeldWhole, .puttingWhole: steps = [.bodyBytes, .delayPassedFast, .openingCommitted, .bodyEnded]
        case .putReleased: steps = [.bodyBytes, .bodyEnded, .openingCommitted]
        case .putReleasedForNobody: steps = [.bodyBytes, .bodyEnded, .clientLost, .openingCommitted]
        case .withdrawing: steps = [.bodyBytes, .bodyEnded, .openingCommitted, .cancel]
        }
        for step in steps { _ = tell(step, &made, &effects) }
        return made
    }

    private static func tell(_ event: Event, _ state: inout UploadExchange, _ effects: inout [UploadEffect]) -> String {
        switch event {
        case .bodyBytes: return state.receive(jpeg(100).span, into: &effects) ? "kept" : "dropped"
        case .bytesOverCap: return state.receive(jpeg(1_000_001).span, into: &effects) ? "kept" : "dropped"
        case .bodyEnded: state.bodyEnded(into: &effects)
        case .delayPassedFast: state.openDelayPassed(arrivesFastEnough: true, into: &effects)
        case .delayPassedSlow: state.openDelayPassed(arrivesFastEnough: false, into: &effects)
        case .clientLost: state.clientLost(into: &effects)
        case .cancel: state.cancel(.requestTimeout, into: &effects)
        case .openingCommitted: state.openingCommitted(imageID: 5, into: &effects)
        case .completingDurable: state.completingDurable(into: &effects)
        case .withdrawalCommitted: state.withdrawalCommitted(into: &effects)
        case .journalFailed: state.journalFailed(into: &effects)
        case .withdrawalFailed: state.withdrawalFailed(into: &effects)
        case .created: state.storeCreated(uploadID: "up", into: &effects)
        case .partStored: state.storePartStored(receipt, into: &effects)
        case .otherPartStored:
            state.storePartStored(PartReceipt(number: 9, entityTag: "e", bytes: 1), into: &effects)
        case .completed: state.storeCompleted(into: &effects)
        case .failed: state.storeFailed(outcomeUnknown: false, into: &effects)
        case .failedInDoubt: state.storeFailed(outcomeUnknown: true, into: &effects)
        case .aborted: state.storeAborted(isCertain: true, into: &effects)
        case .abortGivenUp: state.storeAborted(isCertain: false, into: &effects)
        }
        return ""
    }

    /// The three sides, by the names of their cases.
    private static func look(at state: borrowing UploadExchange) -> String {
        ["\(state.client)", "\(state.record)", "\(state.store)"].map { side in
            let name = side.split(separator: ".").last.map(String.init) ?? side
            return String(name.prefix { $0 != "(" })
        }.joined(separator: "/")
    }

    @Test(arguments: State.allCases) func `each event has its outcome`(state: State) {
        var row = StateRow("\(state.rawValue): \(Self.look(at: Self.make(state)))")
        for event in Event.allCases {
            var subject = Self.make(state)
            let before = Self.look(at: subject)
            var effects: [UploadEffect] = []
            let said = Self.tell(event, &subject, &effects)
            let after = Self.look(at: subject)
            let words = ((said.isEmpty ? [] : [said]) + effects.map(\.words)).joined(separator: ", ")
            let change = after == before ? "" : "-> " + after
            row.add(event.rawValue, [words, change].filter { !$0.isEmpty }.joined(separator: " "))
        }
        #expect(row.lines == Self.table[state.rawValue])
    }

    /// For each state its three sides, and for each event what it causes, in order, and the sides that come of it.
    private static let table = StateTable(
        """
        awaitingMagic: awaitingMagic/unasked/untouched
          kept, timer -> sending/unasked/untouched: bodyBytes
          dropped, refuse fileTooLarge, end -> settled/unasked/ended: bytesOverCap
          refuse invalidFileSignature, end -> settled/unasked/ended: bodyEnded
          nothing: delayPassedFast, delayPassedSlow, openingCommitted, completingDurable, withdrawalCommitted,
            journalFailed, withdrawalFailed, created, partStored, otherPartStored, completed, failed,
            failedInDoubt, aborted, abortGivenUp
          end -> settled/unasked/ended: clientLost
          refuse requestTimeout, end -> settled/unasked/ended: cancel
        sending: sending/unasked/untouched
          kept: bodyBytes
          dropped, refuse fileTooLarge, end -> settled/unasked/ended: bytesOverCap
          journal opening -> awaitingAnswer/openingAsked/untouched: bodyEnded
          journal opening -> sending/openingAsked/untouched: delayPassedFast
          timer: delayPassedSlow
          end -> settled/unasked/ended: clientLost
          refuse requestTimeout, end -> settled/unasked/ended: cancel
          nothing: openingCommitted, completingDurable, withdrawalCommitted, journalFailed, withdrawalFailed,
            created, partStored, otherPartStored, completed, failed, failedInDoubt, aborted, abortGivenUp
        openingAsked: sending/openingAsked/untouched
          kept: bodyBytes
          dropped, refuse fileTooLarge -> settled/openingAsked/untouched: bytesOverCap
          -> awaitingAnswer/openingAsked/untouched: bodyEnded
          nothing: delayPassedFast, delayPassedSlow, completingDurable, withdrawalCommitted, withdrawalFailed,
            created, partStored, otherPartStored, completed, failed, failedInDoubt, aborted, abortGivenUp
          -> settled/openingAsked/untouched: clientLost
          refuse requestTimeout -> settled/openingAsked/untouched: cancel
          create -> sending/open/creating: openingCommitted
          refuse storeUnavailable, end -> settled/failed/ended: journalFailed
        openingAskedWhole: awaitingAnswer/openingAsked/untouched
          dropped: bodyBytes, bytesOverCap
          nothing: bodyEnded, delayPassedFast, delayPassedSlow, completingDurable, withdrawalCommitted,
            withdrawalFailed, created, partStored, otherPartStored, completed, failed, failedInDoubt, aborted,
            abortGivenUp
          -> goneAfterWholeBody/openingAsked/untouched: clientLost
          refuse requestTimeout -> settled/openingAsked/untouched: cancel
          create -> awaitingAnswer/open/creating: openingCommitted
          refuse storeUnavailable, end -> settled/failed/ended: journalFailed
        refusedWhileOpening: settled/openingAsked/untouched
          dropped: bodyBytes, bytesOverCap
          nothing: bodyEnded, delayPassedFast, delayPassedSlow, clientLost, cancel, completingDurable,
            withdrawalCommitted, withdrawalFailed, created, partStored, otherPartStored, completed, failed,
            failedInDoubt, aborted, abortGivenUp
          journal gone, end -> settled/open/ended: openingCommitted
          end -> settled/failed/ended: journalFailed
        creating: sending/open/creating
          kept: bodyBytes
          dropped, refuse fileTooLarge, journal aborting, abort -> settled/open/aborting: bytesOverCap
          -> awaitingAnswer/open/creating: bodyEnded
          nothing: delayPassedFast, delayPassedSlow, openingCommitted, completingDurable, withdrawalCommitted,
            journalFailed, withdrawalFailed, partStored, otherPartStored, completed, aborted, abortGivenUp
          journal aborting, abort -> settled/open/aborting: clientLost
          refuse requestTimeout, journal aborting, abort -> settled/open/aborting: cancel
          journal id, part 1 of 100 -> sending/open/sendingPart: created
          refuse storeUnavailable, abort -> settled/open/aborting: failed
          refuse storeUnavailable, journal aborting, abort -> settled/open/aborting: failedInDoubt
        creatingWhole: awaitingAnswer/open/creating
          dropped: bodyBytes, bytesOverCap
          nothing: bodyEnded, delayPassedFast, delayPassedSlow, openingCommitted, completingDurable,
            withdrawalCommitted, journalFailed, withdrawalFailed, partStored, otherPartStored, completed,
            aborted, abortGivenUp
          -> goneAfterWholeBody/open/creating: clientLost
          refuse requestTimeout, journal aborting, abort -> settled/open/aborting: cancel
          journal id, journal completing 100, part 1 of 100 -> awaitingAnswer/completingAsked/sendingPart:
            created
          refuse storeUnavailable, abort -> settled/open/aborting: failed
          refuse storeUnavailable, journal aborting, abort -> settled/open/aborting: failedInDoubt
        awaitingPart: awaitingAnswer/completingAsked/idle
          dropped: bodyBytes, bytesOverCap
          nothing: bodyEnded, delayPassedFast, delayPassedSlow, openingCommitted, withdrawalCommitted,
            withdrawalFailed, created, partStored, otherPartStored, completed, aborted, abortGivenUp
          -> goneAfterWholeBody/completingAsked/idle: clientLost
          refuse requestTimeout, journal aborting, abort -> settled/completingAsked/aborting: cancel
          complete 1 -> awaitingAnswer/durable/completing: completingDurable
          refuse storeUnavailable, journal aborting, abort -> settled/failed/aborting: journalFailed
          refuse storeUnavailable, journal aborting, abort -> settled/completingAsked/aborting: failed,
            failedInDoubt
        awaitingSpoolPart: sending/open/idle
          kept: bodyBytes
          dropped, refuse fileTooLarge, journal aborting, abort -> settled/open/aborting: bytesOverCap
          journal completing 100, part 1 of 100 -> awaitingAnswer/completingAsked/sendingPart: bodyEnded
          nothing: delayPassedFast, delayPassedSlow, openingCommitted, completingDurable, withdrawalCommitted,
            journalFailed, withdrawalFailed, created, partStored, otherPartStored, completed, aborted,
            abortGivenUp
          journal aborting, abort -> settled/open/aborting: clientLost
          refuse requestTimeout, journal aborting, abort -> settled/open/aborting: cancel
          refuse storeUnavailable, journal aborting, abort -> settled/open/aborting: failed, failedInDoubt
        sendingPart: sending/open/sendingPart
          kept: bodyBytes
          dropped, refuse fileTooLarge, journal aborting, abort -> settled/open/aborting: bytesOverCap
          journal completing 100 -> awaitingAnswer/completingAsked/sendingPart: bodyEnded
          nothing: delayPassedFast, delayPassedSlow, openingCommitted, completingDurable, withdrawalCommitted,
            journalFailed, withdrawalFailed, created, otherPartStored, completed, aborted, abortGivenUp
          journal aborting, abort -> settled/open/aborting: clientLost
          refuse requestTimeout, journal aborting, abort -> settled/open/aborting: cancel
          -> sending/open/idle: partStored
          refuse storeUnavailable, journal aborting, abort -> settled/open/aborting: failed, failedInDoubt
        sendingLastPart: awaitingAnswer/completingAsked/sendingPart
          dropped: bodyBytes, bytesOverCap
          nothing: bodyEnded, delayPassedFast, delayPassedSlow, openingCommitted, withdrawalCommitted,
            withdrawalFailed, created, otherPartStored, completed, aborted, abortGivenUp
          -> goneAfterWholeBody/completingAsked/sendingPart: clientLost
          refuse requestTimeout, journal aborting, abort -> settled/completingAsked/aborting: cancel
          -> awaitingAnswer/durable/sendingPart: completingDurable
          refuse storeUnavailable, journal aborting, abort -> settled/failed/aborting: journalFailed
          -> awaitingAnswer/completingAsked/idle: partStored
          refuse storeUnavailable, journal aborting, abort -> settled/completingAsked/aborting: failed,
            failedInDoubt
        sentLastPart: awaitingAnswer/durable/sendingPart
          dropped: bodyBytes, bytesOverCap
          nothing: bodyEnded, delayPassedFast, delayPassedSlow, openingCommitted, completingDurable,
            withdrawalCommitted, journalFailed, withdrawalFailed, created, otherPartStored, completed,
            aborted, abortGivenUp
          -> goneAfterWholeBody/durable/sendingPart: clientLost
          refuse requestTimeout, journal aborting, abort -> settled/durable/aborting: cancel
          complete 1 -> awaitingAnswer/durable/completing: partStored
          refuse storeUnavailable, journal aborting, abort -> settled/durable/aborting: failed, failedInDoubt
        completing: awaitingAnswer/durable/completing
          dropped: bodyBytes, bytesOverCap
          nothing: bodyEnded, delayPassedFast, delayPassedSlow, openingCommitted, completingDurable,
            withdrawalCommitted, journalFailed, withdrawalFailed, created, partStored, otherPartStored,
            aborted, abortGivenUp
          -> goneAfterWholeBody/durable/completing: clientLost
          refuse requestTimeout, journal aborting, abort -> settled/durable/aborting: cancel
          journal stored, 201 5 of 100, end -> settled/durable/ended: completed
          refuse storeUnavailable, journal aborting, abort -> settled/durable/aborting: failed
          refuse storeUnavailable, abort -> settled/durable/aborting: failedInDoubt
        completingForNobody: goneAfterWholeBody/durable/completing
          dropped: bodyBytes, bytesOverCap
          nothing: bodyEnded, delayPassedFast, delayPassedSlow, clientLost, openingCommitted,
            completingDurable, withdrawalCommitted, journalFailed, withdrawalFailed, created, partStored,
            otherPartStored, aborted, abortGivenUp
          journal aborting, abort -> settled/durable/aborting: cancel, failed
          journal stored, end -> settled/durable/ended: completed
          abort -> settled/durable/aborting: failedInDoubt
        aborting: settled/open/aborting
          dropped: bodyBytes, bytesOverCap
          nothing: bodyEnded, delayPassedFast, delayPassedSlow, clientLost, cancel, openingCommitted,
            completingDurable, withdrawalCommitted, journalFailed, withdrawalFailed, created, partStored,
            otherPartStored, failed, failedInDoubt
          end -> settled/open/ended: completed, abortGivenUp
          journal gone, end -> settled/open/ended: aborted
        abortingDoubtful: settled/durable/aborting
          dropped: bodyBytes, bytesOverCap
          nothing: bodyEnded, delayPassedFast, delayPassedSlow, clientLost, cancel, openingCommitted,
            completingDurable, withdrawalCommitted, journalFailed, withdrawalFailed, created, partStored,
            otherPartStored, failed, failedInDoubt
          journal stored, end -> settled/durable/ended: completed
          end -> settled/durable/ended: aborted, abortGivenUp
        withoutJournal: settled/failed/aborting
          dropped: bodyBytes, bytesOverCap
          nothing: bodyEnded, delayPassedFast, delayPassedSlow, clientLost, cancel, openingCommitted,
            completingDurable, withdrawalCommitted, journalFailed, withdrawalFailed, created, partStored,
            otherPartStored, failed, failedInDoubt
          end -> settled/failed/ended: completed, abortGivenUp
          journal gone, end -> settled/failed/ended: aborted
        ended: settled/unasked/ended
          dropped: bodyBytes, bytesOverCap
          nothing: bodyEnded, delayPassedFast, delayPassedSlow, clientLost, cancel, openingCommitted,
            completingDurable, withdrawalCommitted, journalFailed, withdrawalFailed, created, partStored,
            otherPartStored, completed, failed, failedInDoubt, aborted, abortGivenUp
        putWholeAsked: awaitingAnswer/wholeAsked/untouched
          dropped: bodyBytes, bytesOverCap
          nothing: bodyEnded, delayPassedFast, delayPassedSlow, completingDurable, withdrawalCommitted,
            withdrawalFailed, created, partStored, otherPartStored, completed, failed, failedInDoubt, aborted,
            abortGivenUp
          -> goneAfterWholeBody/wholeAsked/untouched: clientLost
          refuse requestTimeout -> settled/wholeAsked/untouched: cancel
          release, put 100 -> awaitingAnswer/durable/putting: openingCommitted
          refuse storeUnavailable, end -> settled/failed/ended: journalFailed
        putWholeRefused: settled/wholeAsked/untouched
          dropped: bodyBytes, bytesOverCap
          nothing: bodyEnded, delayPassedFast, delayPassedSlow, clientLost, cancel, completingDurable,
            withdrawalCommitted, withdrawalFailed, created, partStored, otherPartStored, completed, failed,
            failedInDoubt, aborted, abortGivenUp
          journal gone, end -> settled/durable/ended: openingCommitted
          end -> settled/failed/ended: journalFailed
        putHeld: sending/open/putHeld
          kept: bodyBytes
          dropped, refuse fileTooLarge, journal gone, end -> settled/open/ended: bytesOverCap
          journal completing 100 -> awaitingAnswer/completingAsked/putHeld: bodyEnded
          nothing: delayPassedFast, delayPassedSlow, openingCommitted, completingDurable, withdrawalCommitted,
            journalFailed, withdrawalFailed, created, partStored, otherPartStored, completed, failed,
            failedInDoubt, aborted, abortGivenUp
          journal gone, end -> settled/open/ended: clientLost
          refuse requestTimeout, journal gone, end -> settled/open/ended: cancel
        putHeldWhole: awaitingAnswer/completingAsked/putHeld
          dropped: bodyBytes, bytesOverCap
          nothing: bodyEnded, delayPassedFast, delayPassedSlow, openingCommitted, withdrawalCommitted,
            withdrawalFailed, created, partStored, otherPartStored, completed, failed, failedInDoubt, aborted,
            abortGivenUp
          -> goneAfterWholeBody/completingAsked/putHeld: clientLost
          refuse requestTimeout, journal gone, end -> settled/completingAsked/ended: cancel
          release, put 100 -> awaitingAnswer/durable/putting: completingDurable
          refuse storeUnavailable, journal gone, end -> settled/failed/ended: journalFailed
        putting: sending/open/putting
          kept: bodyBytes
          dropped, refuse fileTooLarge, journal aborting, abort -> settled/open/aborting: bytesOverCap
          journal completing 100 -> awaitingAnswer/completingAsked/putting: bodyEnded
          nothing: delayPassedFast, delayPassedSlow, openingCommitted, completingDurable, withdrawalCommitted,
            journalFailed, withdrawalFailed, created, partStored, otherPartStored, aborted, abortGivenUp
          journal aborting, abort -> settled/open/aborting: clientLost
          refuse requestTimeout, journal aborting, abort -> settled/open/aborting: cancel
          refuse storeUnavailable, journal withdrawn -> settled/open/withdrawing: completed, failedInDoubt
          refuse storeUnavailable, journal aborting, abort -> settled/open/aborting: failed
        puttingWhole: awaitingAnswer/completingAsked/putting
          dropped: bodyBytes, bytesOverCap
          nothing: bodyEnded, delayPassedFast, delayPassedSlow, openingCommitted, withdrawalCommitted,
            withdrawalFailed, created, partStored, otherPartStored, aborted, abortGivenUp
          -> goneAfterWholeBody/completingAsked/putting: clientLost
          refuse requestTimeout, journal aborting, abort -> settled/completingAsked/aborting: cancel
          release -> awaitingAnswer/durable/putting: completingDurable
          refuse storeUnavailable, journal aborting, abort -> settled/failed/aborting: journalFailed
          refuse storeUnavailable, journal withdrawn -> settled/completingAsked/withdrawing: completed,
            failedInDoubt
          refuse storeUnavailable, journal aborting, abort -> settled/completingAsked/aborting: failed
        putReleased: awaitingAnswer/durable/putting
          dropped: bodyBytes, bytesOverCap
          nothing: bodyEnded, delayPassedFast, delayPassedSlow, openingCommitted, completingDurable,
            withdrawalCommitted, journalFailed, withdrawalFailed, created, partStored, otherPartStored,
            aborted, abortGivenUp
          -> goneAfterWholeBody/durable/putting: clientLost
          refuse requestTimeout, journal withdrawn -> settled/durable/withdrawing: cancel
          journal stored, 201 5 of 100, end -> settled/durable/ended: completed
          refuse storeUnavailable, journal withdrawn -> settled/durable/withdrawing: failed, failedInDoubt
        putReleasedForNobody: goneAfterWholeBody/durable/putting
          dropped: bodyBytes, bytesOverCap
          nothing: bodyEnded, delayPassedFast, delayPassedSlow, clientLost, openingCommitted,
            completingDurable, withdrawalCommitted, journalFailed, withdrawalFailed, created, partStored,
            otherPartStored, aborted, abortGivenUp
          journal withdrawn -> settled/durable/withdrawing: cancel, failed, failedInDoubt
          journal stored, end -> settled/durable/ended: completed
        withdrawing: settled/durable/withdrawing
          dropped: bodyBytes, bytesOverCap
          nothing: bodyEnded, delayPassedFast, delayPassedSlow, clientLost, cancel, openingCommitted,
            completingDurable, journalFailed, created, partStored, otherPartStored, completed, failed,
            failedInDoubt, aborted, abortGivenUp
          abort -> settled/durable/aborting: withdrawalCommitted
          leave, end -> settled/durable/ended: withdrawalFailed
        """)
}
