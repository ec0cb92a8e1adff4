internal import Gateway

extension WorldUpload {
    func submit(_ write: UploadWrite) {
        if world.isDisturbed, world.choices.isOne(in: write.isAwaited ? 80 : world.lostWrites) {
            world.note("\(key): the journal's queue is full")
            // Nobody waits for a lazy write: it is lost.
            if write.isAwaited { journalFailed(write) }
            return
        }
        writes.append(write)
        if write == .stored || write == .gone { isSettled = true }
        if writes.count > GatewayWorld.writesMax { world.violate("\(key): \(writes.count) writes wait") }
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
        let fate = world.isDisturbed ? world.choices.roll(40) : 39
        if fate == 0 {
            world.note("\(key): \(write) cannot be written")
            // What nobody waits for is kept for later.
            guard write.isAwaited else { return true }
            writes.removeFirst()
            answers.append((write, false))
            return true
        }
        writes.removeFirst()
        let isCommitted = perform(write)
        world.note("\(key): \(write) \(isCommitted ? "is committed" : "finds no row for it")")
        guard write.isAwaited else { return true }
        // An error of the commit itself says nothing of what is in the file.
        let isSeen = fate != 1
        if !isSeen, case .opening = write { uncertainID = rowID }
        answers.append((write, isCommitted && isSeen))
        return true
    }

    private func perform(_ write: UploadWrite) -> Bool {
        if case .opening = write {
            rowID = world.record.open(key: key, instance: instance)
            return true
        }
        guard let rowID else { return false }
        return world.record.write(write, rowID)
    }

    func takeJournalAnswer() -> Bool {
        guard !answers.isEmpty else { return false }
        let (write, isCommitted) = answers.removeFirst()
        world.note("\(key): \(write) is answered: \(isCommitted)")
        switch write {
        case .opening where isCommitted:
            imageID = rowID
            exchange.openingCommitted(imageID: rowID ?? 0, into: &effects)
        case .withdrawn where isCommitted: exchange.withdrawalCommitted(into: &effects)
        case .completing where isCommitted: exchange.completingDurable(into: &effects)
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
        case .opening, .completing, .withdrawn: true
        case .uploadID, .stored, .aborting, .gone: false
        }
    }
}
