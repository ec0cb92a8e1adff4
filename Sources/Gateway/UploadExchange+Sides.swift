internal import Images

extension UploadExchange {
    /// What the client still has to do, or has.
    enum ClientSide {
        /// Fewer bytes than the magic number needs; they are repeated here.
        case awaitingMagic(prefix: [UInt8])
        case sending
        case awaitingAnswer
        case goneAfterWholeBody
        /// Answered, or gone before the body was whole.
        case settled

        var isSending: Bool {
            switch self {
            case .awaitingMagic, .sending: true
            case .awaitingAnswer, .goneAfterWholeBody, .settled: false
            }
        }

        var bodyIsWhole: Bool {
            switch self {
            case .awaitingAnswer, .goneAfterWholeBody: true
            case .awaitingMagic, .sending, .settled: false
            }
        }

        /// Whether the upload is still meant to become an object.
        var wantsObject: Bool {
            switch self {
            case .awaitingMagic, .sending, .awaitingAnswer, .goneAfterWholeBody: true
            case .settled: false
            }
        }
    }

    /// How far the record is committed.
    enum RecordSide {
        case unasked
        case openingAsked
        /// As ``completingAsked``, by the write that makes the row: nothing is asked of the store yet.
        case wholeAsked
        case open(imageID: Int64)
        case completingAsked(imageID: Int64)
        case durable(imageID: Int64)
        /// There is none: the upload's `Idempotency-Key` belongs to another.
        indirect case known(KnownUpload)
        /// The same, whose bytes are these: whether it is there still is being asked.
        indirect case knownAsked(KnownUpload)
        case failed
    }

    /// What the store has been asked last.
    enum StoreSide {
        case untouched
        case creating
        case idle
        case sendingPart(number: Int)
        case completing
        /// A PutObject that is held whole: it is sent when its last bytes may be.
        case putHeld
        /// A PutObject is under way; `isReleased`: its last bytes too, so that it may have stored the object.
        case putting(isReleased: Bool)
        /// It is to be undone once that is in the record.
        case withdrawing
        case aborting(thenGone: Bool)
        case ended

        /// Whether `completing` may be written. Of an upload in parts its id is written by then: it follows
        /// `streaming`. A PutObject has none, and its record goes from `opening` to `completing` if it did not begin
        /// there.
        var takesCompleting: Bool {
            switch self {
            case .idle, .sendingPart, .putHeld, .putting(isReleased: false): true
            case .untouched, .creating, .completing, .putting(isReleased: true), .withdrawing, .aborting, .ended:
                false
            }
        }

        /// Whether the store may say that the object is there.
        var mayComplete: Bool {
            switch self {
            case .completing, .putting(isReleased: true): true
            case .untouched, .creating, .idle, .sendingPart, .putHeld, .putting(isReleased: false), .withdrawing,
                .aborting, .ended:
                false
            }
        }
    }

    // MARK: - Steps that several events share

    /// Everything that may happen next because of what just changed, looked at from all three sides.
    mutating func advance(into effects: inout [UploadEffect]) {
        guard client.wantsObject else { return }
        if case .known(let known) = record { return replay(known, into: &effects) }
        if client.bodyIsWhole, store.takesCompleting, case .open(let imageID) = record {
            record = .completingAsked(imageID: imageID)
            effects.append(.journal(.completing(fileBytes: receivedBytes)))
        }
        if isPut { return releasePut(into: &effects) }
        guard case .idle = store else { return }
        if let length = nextPartBytes {
            let number = receipts.count + 1
            store = .sendingPart(number: number)
            effects.append(.openPart(number: number, length: length, route: route))
        } else if client.bodyIsWhole, case .durable = record {
            store = .completing
            effects.append(.complete(parts: receipts))
        }
    }

    /// The bytes of the next part, nil when it is not ready or when there is none.
    private var nextPartBytes: UInt64? {
        if route == .window { return receipts.isEmpty ? declaredBytes : nil }
        let sent = UInt64(receipts.count) * policy.partBytes
        guard receivedBytes > sent else { return nil }
        let waiting = receivedBytes - sent
        if waiting >= policy.partBytes { return policy.partBytes }
        return client.bodyIsWhole ? waiting : nil
    }

    /// - Returns: whether the magic number is known to be right.
    mutating func judgeMagic(_ prefix: [UInt8], isWhole: Bool, into effects: inout [UploadEffect]) -> Bool {
        switch MagicNumber.verdict(of: prefix.span, isWhole: isWhole, type) {
        case .needsMore: return false
        case .refused:
            refuse(.invalidFileSignature, into: &effects)
            return false
        case .matches:
            client = .sending
            if receivedBytes < policy.openBytes, !isWhole {
                effects.append(.startOpenTimer(milliseconds: policy.openDelayMilliseconds))
            }
            return true
        }
    }

    /// The body is whole, and nothing was asked for yet.
    mutating func askRow(into effects: inout [UploadEffect]) {
        guard mayBeginWhole else { return askOpening(into: &effects) }
        record = .wholeAsked
        effects.append(.journal(.whole(fileBytes: receivedBytes)))
    }

    mutating func askOpening(into effects: inout [UploadEffect]) {
        record = .openingAsked
        if route == .spool { effects.append(.openSpool) }
        effects.append(.journal(.opening))
    }

    /// Answers with `refusal` if anyone is there to read it, and undoes what was begun.
    mutating func refuse(_ refusal: Refusal, into effects: inout [UploadEffect]) {
        guard client.wantsObject else { return }
        answerRefusal(refusal, into: &effects)
        abandon(into: &effects)
    }

    mutating func answerRefusal(_ refusal: Refusal, into effects: inout [UploadEffect]) {
        switch client {
        case .awaitingMagic, .sending, .awaitingAnswer: effects.append(.reply(.refused(refusal)))
        case .goneAfterWholeBody, .settled: break
        }
        client = .settled
    }

    /// Undoes what was begun, the client being settled.
    mutating func abandon(into effects: inout [UploadEffect]) {
        switch store {
        case .untouched:
            // While the row is on its way, its outcome decides: see ``openingCommitted(imageID:into:)``.
            switch record {
            case .unasked, .known, .knownAsked: finish(into: &effects)
            case .openingAsked, .wholeAsked, .open, .completingAsked, .durable, .failed: break
            }
        case .putHeld:
            effects.append(.journal(.gone))
            finish(into: &effects)
        case .creating, .idle, .sendingPart, .completing, .putting(isReleased: false):
            store = .aborting(thenGone: true)
            effects.append(.journal(.aborting))
            effects.append(.abort)
        case .putting(isReleased: true): withdraw(into: &effects)
        case .withdrawing, .aborting, .ended: break
        }
    }

    mutating func finish(into effects: inout [UploadEffect]) {
        if case .ended = store { return }
        store = .ended
        effects.append(.end)
    }
}
