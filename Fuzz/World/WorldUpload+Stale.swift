internal import Gateway
internal import StoreStates

/// Events that come too late, twice, or to an upload that is over: whoever sends them knows no better.
extension WorldUpload {
    /// One of them comes, and nothing may come of it.
    func takeStale() {
        guard effects.isEmpty else { return }
        let kind = world.choices.roll(10)
        guard isStale(kind) else { return }
        world.note("\(key): a stale event, \(kind)")
        switch kind {
        case 0: exchange.openingCommitted(imageID: 99, into: &effects)
        case 1: exchange.completingDurable(into: &effects)
        case 2: exchange.withdrawalCommitted(into: &effects)
        case 3: exchange.withdrawalFailed(into: &effects)
        case 4: exchange.storeCreated(uploadID: "up99", into: &effects)
        case 5: exchange.storePartStored(PartReceipt(number: 9, entityTag: "e", bytes: 1), into: &effects)
        case 6: exchange.storeAborted(isCertain: true, into: &effects)
        case 7: exchange.journalFailed(into: &effects)
        case 8: exchange.storeFailed(outcomeUnknown: true, into: &effects)
        default:
            let byte: [UInt8] = [0]
            if exchange.receive(byte.span, into: &effects) { world.violate("\(key): keeps what came too late") }
            exchange.bodyEnded(into: &effects)
            exchange.clientLost(into: &effects)
            exchange.openDelayPassed(arrivesFastEnough: true, into: &effects)
            if let known {
                exchange.openingKnown(known, into: &effects)
                exchange.knownLooked(known.image, into: &effects)
            }
            exchange.cancel(.internal, into: &effects)
        }
        for effect in effects { world.violate("\(key): a stale event has an effect: \(effect)") }
    }

    private func isStale(_ kind: Int) -> Bool {
        switch kind {
        case 0: isEnded || imageID != nil
        // That of a row which begins with `completing` is another.
        case 1: isEnded || !waits(for: { if case .completing = $0 { true } else { false } })
        case 2, 3: isEnded || !waits(for: { $0 == .withdrawn })
        case 4: isEnded || step != .create && told.isEmpty && waitDue == nil && (parts != nil || put != nil)
        case 5: true
        case 6: isEnded || replies == 0 && !isClientGone && imageID == nil
        case 7: isEnded || writes.isEmpty && answers.isEmpty
        default: isEnded
        }
    }

    private func waits(for isIt: (UploadWrite) -> Bool) -> Bool {
        for write in writes where isIt(write) { return true }
        for answer in answers where isIt(answer.write) { return true }
        return false
    }
}
