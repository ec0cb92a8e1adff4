internal import Catalog
internal import Gateway
internal import Images
internal import Linux
internal import Tokens

/// What an upload writes into the record, and what is answered to that.
extension UploadDriver {
    func journalAnswered(_ answer: JournalAnswer) {
        guard !awaited.isEmpty else { return }
        let write = awaited.removeFirst()
        switch (answer.result, write) {
        case (.committed(let id), .opening), (.committed(let id), .whole):
            imageID = id
            exchange.openingCommitted(imageID: id, into: &effects)
        case (.known(let known), .opening):
            dropBody()
            exchange.openingKnown(known, into: &effects)
        case (.committed, .withdrawn): exchange.withdrawalCommitted(into: &effects)
        case (.committed, _): exchange.completingDurable(into: &effects)
        case (.image(let image), .look): exchange.knownLooked(image, into: &effects)
        case (.known, _), (.registered, _), (.image, _): break
        case (.failed(let failure), _):
            service.events.journalFailed(failure.description, requestID: requestID)
            journalFailed(write)
        }
        perform()
    }

    private func journalFailed(_ write: UploadWrite) {
        if case .withdrawn = write {
            exchange.withdrawalFailed(into: &effects)
        } else {
            exchange.journalFailed(into: &effects)
        }
    }

    /// - Parameter uploadID: the store's name of the upload, where that is written with it.
    func write(_ write: UploadWrite, uploadID: String? = nil) {
        guard let entry = entry(for: write, uploadID) else { return }
        let wantsAnswer =
            switch write {
            case .opening, .whole, .completing, .withdrawn, .look: true
            case .uploadID, .stored, .aborting, .gone: false
            }
        if service.submit(entry, tag: tag, wantsAnswer: wantsAnswer) {
            if wantsAnswer { awaited.append(write) }
            switch write {
            case .stored, .gone: isSettled = true
            case .opening, .whole, .uploadID, .completing, .aborting, .withdrawn, .look: break
            }
        } else {
            service.events.journalFailed("the journal's queue is full", requestID: requestID)
            if wantsAnswer { journalFailed(write) }
        }
    }

    private func entry(for write: UploadWrite, _ uploadID: String?) -> JournalEntry? {
        switch write {
        case .opening: return opening(fileBytes: nil)
        case .whole(let bytes): return opening(fileBytes: Int64(clamping: bytes))
        // It names another upload's image: its own was never made.
        case .look(let id): return .look(id)
        case .uploadID, .completing, .stored, .aborting, .withdrawn, .gone: break
        }
        guard let id = imageID else { return nil }
        switch write {
        case .opening, .whole, .look: return nil
        case .uploadID(let uploadID): return .uploadID(id, uploadID)
        case .completing(let bytes):
            return .completing(id, size: Int64(clamping: bytes), sha256: sha256, uploadID: uploadID)
        case .stored:
            let now = Clock.wallMilliseconds()
            storedMilliseconds = now
            return .stored(id, at: now)
        case .aborting, .withdrawn: return .aborting(id)
        case .gone: return .gone(id)
        }
    }

    private func opening(fileBytes: Int64?) -> JournalEntry {
        .opening(
            OpeningRecord(
                key: plan.key.text, owner: plan.claims.subject, contentType: plan.type.mediaType,
                filename: plan.displayName, recordToken: plan.recordToken, at: plan.key.milliseconds,
                idempotencyKey: plan.idempotencyKey, fileBytes: fileBytes))
    }
}
