internal import Gateway

extension WorldUpload {
    func submit(_ write: UploadWrite) {
        if world.isDisturbed, world.choices.happens(in: write.isAwaited ? 80 : world.lostWrites) {
            hasFaults = true
            world.note("\(key): the journal's queue is full")
            // Nobody waits for a lazy write: it is lost.
            if write.isAwaited { journalFailed(write) }
            return
        }
        writes.append(write)
        if case .whole(let bytes) = write { checkWhole(bytes) }
        if write == .stored || write == .gone { isSettled = true }
        if writes.count > GatewayWorld.writesMax { world.violate("\(key): \(writes.count) writes wait") }
    }

    /// A row that begins with `completing` is that of a whole body, of which the store has nothing, and of no key.
    private func checkWhole(_ bytes: UInt64) {
        let isRight = isBodyEnded && Int(bytes) == body.bytes.count && body.idempotencyKey == 0
        if !isRight || rowID != nil || put != nil || parts != nil { world.violate("\(key): begins with `completing`") }
    }

    /// The writer commits the oldest write, or cannot.
    func commit() -> Bool {
        if let uncertainID {
            world.note("\(key): the writer withdraws row \(uncertainID)")
            world.record.withdraw(uncertainID)
            self.uncertainID = nil
            return true
        }
        guard let write = writes.first else { return false }
        let fate = fate()
        if fate == .refused {
            hasFaults = true
            world.note("\(key): \(write) cannot be written")
            // What nobody waits for is kept for later.
            guard write.isAwaited else { return true }
            writes.removeFirst()
            answers.append((write, .failed))
            return true
        }
        writes.removeFirst()
        if fate == .unseen { hasFaults = true }
        if case .opening = write, let known = world.known(body) {
            world.note("\(key): its key is that of row \(known.image.imageID)")
            answers.append((write, fate == .unseen ? .failed : .known(known)))
            return true
        }
        if case .look(let imageID) = write {
            let image = world.image(imageID)
            world.note("\(key): row \(imageID) is \(image?.state.rawValue ?? "not there")")
            answers.append((write, fate == .unseen ? .failed : .image(image)))
            return true
        }
        let isCommitted = perform(write)
        world.note("\(key): \(write) \(isCommitted ? "is committed" : "finds no row for it")")
        guard write.isAwaited else { return true }
        // An error of the commit itself says nothing of what is in the file.
        if fate == .unseen, write.makesRow { uncertainID = rowID }
        answers.append((write, isCommitted && fate != .unseen ? .committed : .failed))
        return true
    }

    private enum Fate {
        case written, refused
        /// It is written, and answered as failed.
        case unseen
    }

    private func fate() -> Fate {
        guard world.isDisturbed else { return .written }
        if world.choices.isScript {
            let fate = world.choices.roll(8)
            return fate == 1 ? .refused : fate == 2 ? .unseen : .written
        }
        let fate = world.choices.roll(40)
        return fate == 0 ? .refused : fate == 1 ? .unseen : .written
    }

    private func perform(_ write: UploadWrite) -> Bool {
        if write.makesRow {
            var bytes: Int64?
            if case .whole(let count) = write {
                bytes = Int64(count)
                world.tally.wholes += 1
            }
            rowID = world.record.open(
                key: key, instance: instance, idempotencyKey: body.idempotencyKey, fileBytes: bytes)
            return true
        }
        guard let rowID else { return false }
        if !world.record.write(write, rowID) { return false }
        if case .completing = write, body.idempotencyKey > 0 { world.record.setDigest(body.bytes, of: rowID) }
        return true
    }

    func takeJournalAnswer() -> Bool {
        guard !answers.isEmpty else { return false }
        let (write, outcome) = answers.removeFirst()
        world.note("\(key): \(write) is answered: \(outcome)")
        switch (write, outcome) {
        case (.opening, .known(let known)):
            self.known = known
            kept = []
            exchange.openingKnown(known, into: &effects)
        case (.opening, .committed), (.whole, .committed):
            imageID = rowID
            exchange.openingCommitted(imageID: rowID ?? 0, into: &effects)
        case (.look, .image(let image)): exchange.knownLooked(image, into: &effects)
        case (.withdrawn, .committed): exchange.withdrawalCommitted(into: &effects)
        case (.completing, .committed): exchange.completingDurable(into: &effects)
        default: journalFailed(write)
        }
        perform()
        return true
    }

    private func journalFailed(_ write: UploadWrite) {
        if case .withdrawn = write {
            exchange.withdrawalFailed(into: &effects)
        } else {
            exchange.journalFailed(into: &effects)
        }
    }
}

extension UploadWrite {
    /// Whether the driver waits for its outcome.
    var isAwaited: Bool {
        switch self {
        case .opening, .whole, .completing, .withdrawn, .look: true
        case .uploadID, .stored, .aborting, .gone: false
        }
    }

    fileprivate var makesRow: Bool {
        switch self {
        case .opening, .whole: true
        case .uploadID, .completing, .stored, .aborting, .withdrawn, .gone, .look: false
        }
    }
}
