internal import Gateway

/// What can go wrong between a process and the bucket.
extension GatewayWorld {
    enum Fault {
        case none, unreached, refused, forbidden, running, answerLost, failedAfter, sentTwice
    }

    func rollFault() -> Fault {
        guard isDisturbed, choices.isScript || choices.roll(100) < faultsOfHundred else { return .none }
        let kind = choices.roll(8)
        if choices.isScript {
            return switch kind {
            case 0: .none
            case 1: .unreached
            case 2: .refused
            case 3: .forbidden
            case 4: .running
            case 5: .answerLost
            case 6: .failedAfter
            default: .sentTwice
            }
        }
        guard faultKinds & 1 << kind != 0 else { return .none }
        if choices.roll(3) == 0 { shortenFuse(to: 8) }
        return switch kind {
        case 0: .unreached
        case 1: .refused
        case 2: .forbidden
        case 3, 4: .running
        case 5: .answerLost
        case 6: .failedAfter
        default: .sentTwice
        }
    }

    /// A death soon after a fault, or while something that counts is on its way, is what tries the rules most.
    func shortenFuse(to steps: Int) {
        if isDisturbed, isHasty, fuse != .max { fuse = min(fuse, choices.roll(steps)) }
    }

    func perform(
        _ request: WorldBucket.Request, isRecovery: Bool = false, isUnheard: Bool = false
    ) -> WorldBucket.Reply {
        if isRecovery { checkHarm(request) }
        return bucket.perform(request, isUnknowable: isUnheard)
    }

    /// The sender is gone; the store may have got the request, and takes its time.
    func forget(_ request: WorldBucket.Request, isAccepted: Bool = false) {
        guard !request.changesNothing, choices.roll(isAccepted ? 4 : 2) > 0 else { return }
        let due = now + Int64(1 + choices.roll(request.millisecondsMax))
        forgotten.append((request, due, isSlow: choices.roll(2) == 0))
        if case .complete(let uploadID, _) = request, choices.happens(in: 2) { bucket.keepBusy(uploadID) }
    }

    /// Recovery has looked for what else there is of a key, or tried to abort it, often enough.
    func leaveToSweep(_ key: Int) {
        uploads[key].hasLeftParts = true
        bucket.conceal(key)
    }

    func landForgotten() -> Bool {
        guard let index = forgotten.firstIndex(where: { !$0.isSlow }), choices.roll(4) == 0 else { return false }
        land(index)
        return true
    }

    func land(_ index: Int) {
        let request = forgotten.remove(at: index).request
        note("the store carries out \(request), which nobody waits for")
        _ = bucket.perform(request, isUnknowable: true)
    }
}
