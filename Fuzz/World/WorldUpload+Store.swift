internal import Gateway
internal import StoreStates

/// What stands between the exchange and the bucket: the real states of an upload at S3, and a driver that does what
/// they say as `S3Upload` does.
extension WorldUpload {
    func react(_ reaction: S3Reaction, isDeferred: Bool = false) {
        if reaction.command != nil || isStoreOver { forget() }
        switch reaction.command {
        case .send(let next):
            step = next
            isTaken = false
            if !world.choices.isScript, next == .delete || world.choices.roll(8) == 0 { world.shortenFuse(to: 3) }
        case .wait(let milliseconds): waitDue = world.now + Int64(world.choices.roll(milliseconds + 1))
        case .pause(let milliseconds): waitDue = world.now + Int64(milliseconds)
        case nil: break
        }
        guard let event = reaction.event else { return }
        if isDeferred { told.append(event) } else { deliver(event) }
    }

    private var isStoreOver: Bool { put?.isOver ?? parts?.isOver ?? true }

    /// Nobody waits for the request under way any more; the store may carry it out all the same.
    func forget() {
        if let step, answer == nil, let request = request(step) { world.forget(request) }
        step = nil
        answer = nil
        waitDue = nil
    }

    /// Its process does.
    func die() {
        if parts?.isOver == false { hasLeftParts = true }
        forget()
    }

    func abort() {
        kept = []
        if put != nil {
            let isWhole = step?.hasBody == true && takes()
            react(put?.abort(isWaiting: waitDue != nil, isWhole: isWhole, sends: sends) ?? .none, isDeferred: true)
        } else if parts != nil {
            react(parts?.abort(isWaiting: waitDue != nil) ?? .none, isDeferred: true)
        } else {
            exchange.storeAborted(isCertain: true, into: &effects)
        }
    }

    /// Whether the bytes of the request under way are handed over, which they may be once they are there.
    private func takes() -> Bool {
        if !isTaken, hasBytes, world.choices.roll(2) == 0 { isTaken = true }
        return isTaken
    }

    /// Whether all that the request under way carries is there.
    var hasBytes: Bool {
        switch step {
        case .part(_, let number, let length): kept.count >= partStart(number) + Int(length)
        case .put(let length): isReleased && kept.count >= length
        default: true
        }
    }

    private func partStart(_ number: Int) -> Int { route == .window ? 0 : (number - 1) * Int(policy.partBytes) }

    /// The request as the bucket knows it; nil where its bytes did not all leave.
    private func request(_ step: S3Step) -> WorldBucket.Request? {
        switch step {
        case .create: return .create(key: key)
        case .part(let uploadID, let number, let length):
            guard isTaken else { return nil }
            let start = partStart(number)
            guard kept.count >= start + Int(length) else { return nil }
            return .part(uploadID: uploadID, number: number, bytes: Array(kept[start ..< start + Int(length)]))
        case .complete(let uploadID, let parts):
            for (index, part) in parts.enumerated() where part.number != index + 1 || part.etag != "e" {
                world.violate("\(key): the parts are completed in another order")
            }
            return .complete(uploadID: uploadID, length: parts.reduce(0) { $0 + $1.length })
        case .abort(let uploadID): return .abort(uploadID: uploadID)
        case .head: return .head(key: key)
        case .search: return .list(key: key)
        case .put(let length):
            guard isTaken, kept.count >= length else { return nil }
            return .put(key: key, bytes: Array(kept[..<Int(length)]))
        case .delete: return .delete(key: key)
        }
    }

    /// The store carries out the request under way, or answers it, or its event is heard of.
    func actAsStore() -> Bool {
        if !told.isEmpty {
            deliver(told.removeFirst())
            return true
        }
        guard let step else { return false }
        if let answer {
            world.note("\(key): \(step.name) is answered: \(answer)")
            self.step = nil
            self.answer = nil
            take(step, answer)
            return true
        }
        return perform(step)
    }

    private func perform(_ step: S3Step) -> Bool {
        sends = 1
        let fault = world.rollFault()
        guard hasBytes else {
            // It is not whole; it can only fail, or be answered by a store that makes a mistake.
            if fault == .sentTwice, case .put = step {
                // `S3Upload` takes no such answer for one. Who does has an exchange that knows better.
                hasFaults = true
                world.note("\(key): \(step.name) is answered before it is whole")
                deliver(.completed)
                return true
            }
            guard fault == .refused || fault == .unreached else { return false }
            hasFaults = true
            world.note("\(key): \(step.name) fails within its body")
            answer = .lost(S3Problem(detail: "reset"), mayHaveArrived: false)
            return true
        }
        isTaken = true
        guard let request = request(step) else { return false }
        if fault != .none { hasFaults = true }
        world.note("\(key): \(step.name) meets \(fault)")
        world.checkBarrier(before: step, rowID)
        switch fault {
        case .none: answer = world.perform(request).asAnswer(step)
        case .unreached: answer = .lost(S3Problem(detail: "refused connection"), mayHaveArrived: false)
        case .refused: answer = .refused(S3Problem(status: 503, code: "SlowDown", detail: "slow down"))
        case .forbidden: answer = .refused(S3Problem(status: 403, code: "AccessDenied", detail: "denied"))
        case .running:
            world.forget(request, isAccepted: true)
            answer = .lost(S3Problem(detail: "timed out"), mayHaveArrived: true)
        case .answerLost:
            _ = world.perform(request)
            answer = .lost(S3Problem(detail: "reset"), mayHaveArrived: true)
        case .failedAfter:
            _ = world.perform(request)
            answer = .refused(S3Problem(status: 500, code: "InternalError", detail: "internal error"))
        case .sentTwice:
            sends = 2
            if world.choices.roll(2) == 0 { _ = world.perform(request, isUnheard: true) }
            answer = world.perform(request).asAnswer(step)
        }
        return true
    }

    private func take(_ step: S3Step, _ answer: S3Answer) {
        let isRewound = step.hasBody && (route == .spool || world.choices.roll(2) == 0)
        let mayRetry = !world.isDisturbed || !world.choices.happens(in: 8)
        countCleanup(step, answer)
        if put != nil {
            react(
                put?.answered(answer, isRewound: isRewound, sends: sends, isWhole: isTaken, mayRetry: mayRetry)
                    ?? .none)
        } else {
            react(parts?.answered(answer, isRewound: isRewound, sends: sends, mayRetry: mayRetry) ?? .none)
        }
    }

    private func countCleanup(_ step: S3Step, _ answer: S3Answer) {
        switch (step, answer) {
        case (.search, .uploads), (.abort, .aborted), (.abort, .gone): vainCleanups = 0
        case (.search, _), (.abort, _): vainCleanups += 1
        default: break
        }
        if vainCleanups == Self.cleanupAttemptsMax { hasLeftParts = true }
    }

    /// As `UploadDriver` hears of it.
    private func deliver(_ event: StoreEvent) {
        world.note("\(key): the store says \(event)")
        switch event {
        case .created(let uploadID): exchange.storeCreated(uploadID: uploadID, into: &effects)
        case .partStored(let part):
            exchange.storePartStored(
                PartReceipt(number: part.number, entityTag: part.etag, bytes: part.length), into: &effects)
        case .completed: exchange.storeCompleted(into: &effects)
        case .failed(let failure) where failure.step == .abort:
            exchange.storeAborted(isCertain: false, into: &effects)
        case .failed(let failure): exchange.storeFailed(outcomeUnknown: failure.kind == .ambiguous, into: &effects)
        case .aborted: exchange.storeAborted(isCertain: true, into: &effects)
        }
        perform()
    }
}

extension WorldBucket.Reply {
    func asAnswer(_ step: S3Step) -> S3Answer {
        switch self {
        case .created(let uploadID): .created(uploadID: uploadID)
        case .done:
            switch step {
            case .part, .put: .stored(etag: "e")
            case .complete: .completed
            case .abort: .aborted
            case .create, .head, .search, .delete: .deleted
            }
        case .noSuchUpload:
            if case .abort = step {
                .gone
            } else {
                .refused(S3Problem(status: 404, code: "NoSuchUpload", detail: "no such upload"))
            }
        case .invalidPart: .refused(S3Problem(status: 400, code: "InvalidPart", detail: "invalid part"))
        case .object(let length, let token): .object(length: length, recordToken: token)
        case .noObject: .noObject
        case .uploads(let found): .uploads(found)
        }
    }
}
