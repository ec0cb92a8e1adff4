/// The walk of an upload whose `Idempotency-Key` is known.
///
/// Nothing is asked of the store. The record is what decides: its answer to `opening` is the upload that was there
/// first. The body is still counted and judged as any other, its bytes are hashed and dropped, and at its end either
/// the bytes are others, or the first upload's answer is given again. A body takes its time, and the image may be
/// deleted in it; so the record is asked once more before that.
extension UploadExchange {
    /// Whether body bytes serve only to be compared.
    package var isReplay: Bool {
        switch record {
        case .known, .knownAsked: true
        case .unasked, .openingAsked, .wholeAsked, .open, .completingAsked, .durable, .failed: false
        }
    }

    /// The row `opening` was not written, since the key has one already. Nothing of the body need be kept any more.
    package mutating func openingKnown(_ known: KnownUpload, into effects: inout [UploadEffect]) {
        guard case .openingAsked = record else { return }
        record = .known(known)
        guard client.wantsObject else { return finish(into: &effects) }
        if known.isUnderWay { return refuse(.idempotencyInProgress, into: &effects) }
        // Other bytes, whichever they are: the rest of the body need not come.
        guard known.allows(declaredBytes: declaredBytes) else { return refuse(.idempotencyConflict, into: &effects) }
        advance(into: &effects)
    }

    /// Compares once there is all that is to be compared.
    mutating func replay(_ known: KnownUpload, into effects: inout [UploadEffect]) {
        guard client.bodyIsWhole else { return }
        guard let digest, digest == known.sha256 else { return refuse(.idempotencyConflict, into: &effects) }
        record = .knownAsked(known)
        effects.append(.journal(.look(imageID: known.image.imageID)))
    }

    /// What became of the image of the known upload since; nil: it is gone, and its key with it. Whoever sends the
    /// request again uploads it anew.
    package mutating func knownLooked(_ image: ImageRecord?, into effects: inout [UploadEffect]) {
        guard case .knownAsked(let known) = record, client.wantsObject else { return }
        guard let image, image.imageID == known.image.imageID, image.state == .stored else {
            return refuse(.storeUnavailable, into: &effects)
        }
        if case .awaitingAnswer = client { effects.append(.reply(.replayed(known.image))) }
        client = .settled
        finish(into: &effects)
    }
}
