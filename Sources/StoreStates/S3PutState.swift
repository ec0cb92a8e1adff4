/// The life of one PutObject: what is asked next, given what was answered.
///
/// It may be sent again as long as its bytes can be had again: the same bytes under the same key are the same object. A
/// PutObject that was sent whole and had no answer is *in doubt*: its object may be there or come to be. Whoever takes
/// it back deletes what is found, and looks a second time a quarter of an hour later.
///
/// An object that the store itself calls another than ours is never settled by a look, which shows length and token
/// alone: a later PutObject takes its place, or it is taken back.
package struct S3PutState: Sendable {
    /// Named by what is awaited; `attempt` counts from 1.
    private enum Phase: Equatable {
        case fresh
        case put(attempt: Int)
        /// The PutObject has no answer: is its object there?
        case settlingHead(attempt: Int)
        /// The owner has been told that it is there, and may yet take it back.
        case stored
        /// The owner has been told of a failure, and must abort.
        case ownersAbort
        /// What is found is deleted.
        case cleaningHead(attempt: Int)
        case cleaningDelete(attempt: Int)
        /// The time until the second look.
        case recheck
        case over
    }

    private var phase = Phase.fresh
    /// The owner wants it gone: there is no one to tell of anything but the end.
    private var isAbandoned = false
    /// Requests that were sent whole, and whose end nobody knows.
    private var sendsInDoubt = 0
    /// The store said that it has other bytes than ours, and nothing has taken their place.
    private var hasWrongObject = false
    /// Looks in a row, a quarter of an hour apart, that found nothing.
    private var emptyLooks = 0
    private let length: Int64
    private let recordToken: String
    private let limits: S3RetryLimits

    /// Two looks that find nothing are taken for an end.
    private static let emptyLooksMax = 2

    package init(length: Int64, recordToken: String, limits: S3RetryLimits = S3RetryLimits()) {
        self.length = length
        self.recordToken = recordToken
        self.limits = limits
    }

    /// Nothing more will be asked or told, unless what was stored is taken back.
    package var isOver: Bool { phase == .over || phase == .stored }

    /// What is asked of the store is no client's concern any more, or its answer decides what is left there.
    package var isCleaningUp: Bool {
        switch phase {
        case .settlingHead, .cleaningHead, .cleaningDelete, .recheck: true
        case .fresh, .put, .stored, .ownersAbort, .over: false
        }
    }

    /// The wait that was asked for is the long one before the second look.
    package var isRechecking: Bool { phase == .recheck }

    // MARK: what the owner asks

    package mutating func put() -> S3Reaction {
        guard phase == .fresh else { return .none }
        phase = .put(attempt: 1)
        return S3Reaction(.send(.put(length: length)))
    }

    /// - Parameters:
    ///   - isWaiting: no request is under way, only a timer.
    ///   - isWhole: every byte of the body was handed over, as far as it is the last time that it is sent.
    ///   - sends: how often the request that is under way was sent.
    package mutating func abort(isWaiting: Bool, isWhole: Bool, sends: Int = 1) -> S3Reaction {
        guard !isAbandoned, phase != .over else { return .none }
        isAbandoned = true
        switch phase {
        case .fresh, .ownersAbort: return clean()
        // Its answer tells whether there is anything to delete. One that is cut off before its end stores nothing.
        case .put:
            if !isWaiting, isWhole { return .none }
            // What was sent before may have been whole.
            if !isWaiting { sendsInDoubt += max(sends - 1, 0) }
            return clean()
        case .settlingHead: return isWaiting ? clean() : .none
        case .stored: return delete()
        case .cleaningHead, .cleaningDelete, .recheck, .over: return .none
        }
    }

    /// Ends it as it stands.
    package mutating func leave() -> S3Reaction {
        phase = .over
        return .none
    }

    /// There is no time for the second look: whoever comes after takes it.
    package mutating func forgoRecheck() -> S3Reaction {
        guard phase == .recheck else { return .none }
        return end(.failed(StoreFailure(
            step: .abort, kind: .ambiguous, detail: "a PutObject had no answer, and its object may yet come to be")))
    }

    // MARK: what comes back

    /// The wait that was asked for is over.
    package mutating func waited() -> S3Reaction {
        switch phase {
        case .put: S3Reaction(.send(.put(length: length)))
        case .settlingHead, .cleaningHead: S3Reaction(.send(.head))
        case .cleaningDelete: S3Reaction(.send(.delete))
        case .recheck: look()
        case .fresh, .stored, .ownersAbort, .over: .none
        }
    }

    /// - Parameters:
    ///   - isRewound: the source stands at its first byte again. Only of interest after the PutObject failed.
    ///   - sends: how often the request was sent for this one answer.
    ///   - isWhole: every byte of the body was handed over, as far as it was the PutObject that was answered.
    ///   - mayRetry: whether what a client waits for may be repeated.
    package mutating func answered(
        _ answer: S3Answer, isRewound: Bool, sends: Int = 1, isWhole: Bool, mayRetry: Bool = true
    ) -> S3Reaction {
        switch phase {
        case .put(let attempt):
            putAnswered(answer, attempt, isRewound: isRewound && mayRetry, sends: sends, isWhole: isWhole)
        case .settlingHead(let attempt): settlingHeadAnswered(answer, attempt)
        case .cleaningHead(let attempt): cleaningHeadAnswered(answer, attempt)
        case .cleaningDelete(let attempt): cleaningDeleteAnswered(answer, attempt)
        case .fresh, .stored, .ownersAbort, .recheck, .over: .none
        }
    }

    private mutating func putAnswered(
        _ answer: S3Answer, _ attempt: Int, isRewound: Bool, sends: Int, isWhole: Bool
    ) -> S3Reaction {
        // The HTTP client repeats a request on a connection that ended without a byte of an answer.
        sendsInDoubt += max(sends - 1, 0)
        if case .stored = answer {
            hasWrongObject = false
            return isAbandoned ? delete() : told(.completed, then: .stored)
        }
        // One that was answered wrongly has come to its end.
        if answer.problem.isKnownWrong {
            hasWrongObject = true
        } else if isWhole, answer.mayHaveHappened {
            sendsInDoubt += 1
        }
        if isAbandoned { return clean() }
        if case .sourceFailed(let detail) = answer {
            return fail(sendsInDoubt > 0 ? .ambiguous : .clientSide, S3Problem(detail: detail))
        }
        let problem = answer.problem
        if problem.isTransient, isRewound, attempt < limits.partAttemptsMax {
            phase = .put(attempt: attempt + 1)
            return attempt == 1 && problem.errorClass == .retryNow ? waited() : wait(attempt)
        }
        guard sendsInDoubt > 0, !hasWrongObject else { return fail(problem.kind, problem) }
        phase = .settlingHead(attempt: 1)
        return S3Reaction(.send(.head))
    }

    private mutating func settlingHeadAnswered(_ answer: S3Answer, _ attempt: Int) -> S3Reaction {
        if isAbandoned { return cleaningHeadAnswered(answer, attempt) }
        if isOurs(answer) {
            sendsInDoubt -= 1
            return told(.completed, then: .stored)
        }
        guard attempt < limits.putSettleAttemptsMax else {
            let detail = "PutObject: there was no answer, and the object is not to be found"
            return fail(.ambiguous, S3Problem(detail: detail))
        }
        phase = .settlingHead(attempt: attempt + 1)
        return wait(attempt)
    }

    // MARK: taking it back

    private mutating func clean() -> S3Reaction {
        if hasWrongObject { return delete() }
        return sendsInDoubt > 0 ? look() : end(.aborted)
    }

    private mutating func look() -> S3Reaction {
        phase = .cleaningHead(attempt: 1)
        return S3Reaction(.send(.head))
    }

    private mutating func delete() -> S3Reaction {
        phase = .cleaningDelete(attempt: 1)
        return S3Reaction(.send(.delete))
    }

    private mutating func cleaningHeadAnswered(_ answer: S3Answer, _ attempt: Int) -> S3Reaction {
        switch answer {
        // Of whatever length: nobody else has our token, and what a store made of our bytes is ours to delete.
        case .object(_, recordToken):
            sendsInDoubt -= 1
            emptyLooks = 0
            return delete()
        case .noObject, .object:
            emptyLooks += 1
            guard emptyLooks < Self.emptyLooksMax else { return end(.aborted) }
            phase = .recheck
            return S3Reaction(.pause(milliseconds: limits.putRecheckMilliseconds))
        default:
            // 403 or 5xx says nothing of the object.
            guard attempt < limits.cleanupAttemptsMax else { return endUnclean(answer.problem) }
            phase = .cleaningHead(attempt: attempt + 1)
            return wait(attempt)
        }
    }

    private mutating func cleaningDeleteAnswered(_ answer: S3Answer, _ attempt: Int) -> S3Reaction {
        if answer == .deleted {
            hasWrongObject = false
            return clean()
        }
        guard attempt < limits.cleanupAttemptsMax else { return endUnclean(answer.problem) }
        phase = .cleaningDelete(attempt: attempt + 1)
        return wait(attempt)
    }

    private func isOurs(_ answer: S3Answer) -> Bool { answer == .object(length: length, recordToken: recordToken) }

    private mutating func endUnclean(_ problem: S3Problem) -> S3Reaction {
        end(.failed(StoreFailure(step: .abort, kind: problem.kind, detail: problem.detail, code: problem.code)))
    }

    private func wait(_ attempt: Int) -> S3Reaction {
        S3Reaction(.wait(millisecondsMax: limits.waitMilliseconds(attempt: attempt)))
    }

    private mutating func fail(_ kind: StoreFailure.Kind, _ problem: S3Problem) -> S3Reaction {
        told(
            .failed(StoreFailure(step: .put, kind: kind, detail: problem.detail, code: problem.code)),
            then: .ownersAbort)
    }

    private mutating func told(_ event: StoreEvent, then next: Phase) -> S3Reaction {
        phase = next
        return S3Reaction(event: event)
    }

    private mutating func end(_ event: StoreEvent) -> S3Reaction { told(event, then: .over) }
}
