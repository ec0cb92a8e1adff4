internal import Bytes
internal import Images

/// One accepted upload, from its head to its end: a state machine that does nothing itself.
///
/// An event goes in through a `mutating` method, effects come out in the order in which they are to be performed. Three
/// things go on at once, and each has a state of its own: what the client still has to send, how far the record
/// is durable, and what the store has been asked. ``advance(into:)`` is the one place that looks at all three.
///
/// What holds for every order of events (design: nothing lost, nothing left over):
/// - at most one reply, none after the client has gone;
/// - nothing is asked of the store before the magic number is right and the record is committed: as `opening` or, of a
///   short PutObject whose body was whole before that was asked for, as `completing`;
/// - Complete is asked only when every byte is in an acknowledged part and `completing` is durable;
/// - the last bytes of a PutObject are handed over only when `completing` is durable, and what it may have stored is
///   deleted only when `aborting` is committed;
/// - 201 is replied only when the store has completed, now or, with a known `Idempotency-Key`, then, its image being
///   there still when all of the body has come;
/// - ``UploadEffect/end`` comes exactly once and last, and by then whatever was opened in the store is completed,
///   aborted, or left to recovery with its record in `completing` or `opening`.
package struct UploadExchange: ~Copyable {
    let policy: UploadPolicy
    let type: ImageType
    let route: BodyRoute
    /// Whether the object is written with one PutObject.
    let isPut: Bool
    /// Whether the record may begin with `completing`: nothing of the object goes to the store before that, and no
    /// other upload's answer is waited for.
    let mayBeginWhole: Bool
    let declaredBytes: UInt64?

    var client = ClientSide.awaitingMagic(prefix: [])
    var record = RecordSide.unasked
    var store = StoreSide.untouched
    var receipts: [PartReceipt] = []
    /// SHA-256 of the whole body, where it has an `Idempotency-Key` to be compared for.
    private(set) var digest: [UInt8]?
    /// Body bytes counted so far.
    package private(set) var receivedBytes: UInt64 = 0

    /// - Returns: the exchange, with the effects of an accepted head already in `effects`.
    package init(plan: UploadPlan, policy: UploadPolicy, into effects: inout [UploadEffect]) {
        self.policy = policy
        type = plan.type
        declaredBytes = plan.declaredBytes
        route = policy.route(declaredBytes: plan.declaredBytes)
        isPut = policy.puts(declaredBytes: plan.declaredBytes)
        mayBeginWhole = plan.idempotencyKey == nil && policy.holds(declaredBytes: plan.declaredBytes)
        if plan.expectsContinue { effects.append(.sendContinue) }
    }

    // MARK: - The client

    /// Body bytes arrived. They are to be kept (window or spool) when the answer is true, else dropped.
    package mutating func receive(_ bytes: Span<UInt8>, into effects: inout [UploadEffect]) -> Bool {
        guard client.isSending else { return false }
        receivedBytes += UInt64(bytes.count)
        guard receivedBytes <= policy.uploadBytesMax else {
            refuse(.fileTooLarge, into: &effects)
            return false
        }
        if case .awaitingMagic(var prefix) = client {
            prefix.append(contentsOf: bytes.extracting(first: min(bytes.count, MagicNumber.bytesMax - prefix.count)))
            client = .awaitingMagic(prefix: prefix)
            guard judgeMagic(prefix, isWhole: false, into: &effects) else { return client.isSending }
        }
        if case .unasked = record, receivedBytes >= policy.openBytes { askOpening(into: &effects) }
        advance(into: &effects)
        return client.isSending && !isReplay
    }

    /// The whole body has arrived.
    ///
    /// - Parameter digest: its SHA-256, where the upload has an `Idempotency-Key`.
    package mutating func bodyEnded(digest: [UInt8]? = nil, into effects: inout [UploadEffect]) {
        guard client.isSending else { return }
        self.digest = digest
        if case .awaitingMagic(let prefix) = client {
            guard judgeMagic(prefix, isWhole: true, into: &effects) else { return }
        }
        client = .awaitingAnswer
        if case .unasked = record { askRow(into: &effects) }
        advance(into: &effects)
    }

    /// The timer of ``UploadEffect/startOpenTimer(milliseconds:)`` went off.
    ///
    /// - Parameter arrivesFastEnough: whether the body so far came at no less than the minimum rate. If not, the
    ///   store stays unasked, and the timer is started again.
    package mutating func openDelayPassed(arrivesFastEnough: Bool, into effects: inout [UploadEffect]) {
        guard case .unasked = record, case .sending = client else { return }
        guard arrivesFastEnough else {
            effects.append(.startOpenTimer(milliseconds: policy.openDelayMilliseconds))
            return
        }
        askOpening(into: &effects)
    }

    /// The client has gone, or can no longer be answered. After its whole body that changes nothing but the reply.
    package mutating func clientLost(into effects: inout [UploadEffect]) {
        switch client {
        case .awaitingMagic, .sending:
            client = .settled
            abandon(into: &effects)
        case .awaitingAnswer: client = .goneAfterWholeBody
        case .goneAfterWholeBody, .settled: break
        }
    }

    /// The upload cannot go on for a reason outside this machine: deadline, malformed body, shutdown, a full spool.
    package mutating func cancel(_ refusal: Refusal, into effects: inout [UploadEffect]) {
        refuse(refusal, into: &effects)
    }

    // MARK: - The record

    /// The row is committed, as `opening` or, if that was asked for, as `completing` on the disk, and is called
    /// `imageID` from now on.
    package mutating func openingCommitted(imageID: Int64, into effects: inout [UploadEffect]) {
        switch record {
        case .openingAsked: record = .open(imageID: imageID)
        case .wholeAsked: record = .durable(imageID: imageID)
        case .unasked, .open, .completingAsked, .durable, .known, .knownAsked, .failed: return
        }
        guard client.wantsObject else {
            effects.append(.journal(.gone))
            finish(into: &effects)
            return
        }
        if isPut {
            openPut(into: &effects)
        } else {
            store = .creating
            effects.append(.create)
        }
        advance(into: &effects)
    }

    /// `completing` is on the disk.
    package mutating func completingDurable(into effects: inout [UploadEffect]) {
        guard case .completingAsked(let imageID) = record else { return }
        record = .durable(imageID: imageID)
        advance(into: &effects)
    }

    /// The journal could not take the row or `completing`, or cannot say what a key stands for.
    package mutating func journalFailed(into effects: inout [UploadEffect]) {
        switch record {
        case .openingAsked, .wholeAsked:
            record = .failed
            refuse(.storeUnavailable, into: &effects)
            finish(into: &effects)
        case .completingAsked:
            record = .failed
            refuse(.storeUnavailable, into: &effects)
        case .knownAsked: refuse(.storeUnavailable, into: &effects)
        case .unasked, .open, .durable, .known, .failed: break
        }
    }

    // MARK: - The store

    package mutating func storeCreated(uploadID: String, into effects: inout [UploadEffect]) {
        guard case .creating = store else { return }
        store = .idle
        effects.append(.journal(.uploadID(uploadID)))
        advance(into: &effects)
    }

    package mutating func storePartStored(_ receipt: PartReceipt, into effects: inout [UploadEffect]) {
        guard case .sendingPart(let number) = store, receipt.number == number else { return }
        receipts.append(receipt)
        store = .idle
        advance(into: &effects)
    }

    /// The object is there, whole.
    package mutating func storeCompleted(into effects: inout [UploadEffect]) {
        if case .aborting(let thenGone) = store {
            // A Complete whose answer was lost has won after all, and its client was told otherwise. A record that
            // still says `completing` becomes an image nobody has registered; one that says `aborting` is
            // recovery's, which deletes the object.
            if !thenGone { effects.append(.journal(.stored)) }
            return finish(into: &effects)
        }
        if case .putting(isReleased: false) = store { return storeFailed(outcomeUnknown: true, into: &effects) }
        guard store.mayComplete, case .durable(let imageID) = record else { return }
        effects.append(.journal(.stored))
        if case .awaitingAnswer = client {
            effects.append(.reply(.created(imageID: imageID, fileBytes: receivedBytes)))
        }
        client = .settled
        finish(into: &effects)
    }

    /// A request to the store failed for good.
    ///
    /// - Parameter outcomeUnknown: the request may have been carried out although its answer was not seen.
    package mutating func storeFailed(outcomeUnknown: Bool, into effects: inout [UploadEffect]) {
        switch store {
        case .untouched, .putHeld, .withdrawing, .aborting, .ended: return
        case .creating where !outcomeUnknown:
            // Nothing is there, but the store's own side of this upload ends with an abort only.
            answerRefusal(.storeUnavailable, into: &effects)
            store = .aborting(thenGone: true)
            effects.append(.abort)
        case .completing where outcomeUnknown:
            // The object may be there: the record keeps `completing`, which is what recovery settles.
            answerRefusal(.storeUnavailable, into: &effects)
            store = .aborting(thenGone: false)
            effects.append(.abort)
        case .putting where outcomeUnknown:
            answerRefusal(.storeUnavailable, into: &effects)
            withdraw(into: &effects)
        case .creating, .idle, .sendingPart, .completing, .putting:
            refuse(.storeUnavailable, into: &effects)
        }
    }

    /// The store has nothing more of this upload, as far as an abort can tell.
    ///
    /// - Parameter isCertain: false where the abort was given up; the record then stays for recovery.
    package mutating func storeAborted(isCertain: Bool, into effects: inout [UploadEffect]) {
        guard case .aborting(let thenGone) = store else { return }
        if thenGone, isCertain { effects.append(.journal(.gone)) }
        finish(into: &effects)
    }
}
