/// The life of one multipart upload at S3: what is asked next, given what was answered. Whatever happens, an upload
/// that the store may know ends completed or aborted, or says that it could not.
package struct S3UploadState: Sendable {
    /// What S3 may hold of an upload that cannot go on.
    private enum Leftover: Equatable {
        /// No upload whose id is known.
        case nothing
        case upload(String)
        /// Complete may have happened, and the attempts to find out are over.
        case unsettled
    }

    private struct Completion: Equatable {
        var uploadID: String
        var parts: [StoredPart]
        /// Whether an attempt may have succeeded without our hearing of it.
        var mayBeDone = false
        /// The store denied the upload: an attempt may be at work yet.
        var isDenied = false
        /// Abort said that no upload is open.
        var isAborted = false
        /// Why it did not go through, for the message.
        var problem = S3Problem(detail: "")

        var length: Int64 { parts.reduce(0) { $0 + $1.length } }
    }

    /// Named by what is awaited; `attempt` counts from 1.
    private enum Phase: Equatable {
        case fresh
        case created(attempt: Int)
        case nextStep(uploadID: String)
        case part(uploadID: String, number: Int, length: Int64, attempt: Int)
        case completed(Completion, attempt: Int)
        /// Complete has no answer: Abort first, for only then HEAD decides anything (design § 4).
        case settlingAbort(Completion, attempt: Int)
        case settlingHead(Completion, attempt: Int)
        /// The owner has been told, and must abort.
        case ownersAbort(Leftover)
        /// `emptyLooks`: answers that showed no such upload; the attempts are of one look.
        case search(attempt: Int, emptyLooks: Int)
        /// `confirmations` is how often more a 204 is doubted.
        case aborted(uploadID: String, others: [String], attempt: Int, confirmations: Int)
        case over
    }

    private var phase = Phase.fresh
    /// The owner wants it gone: there is no one to tell of anything but the end.
    private var isAbandoned = false
    /// The owner knows the end; what follows is cleaning up.
    private var isTold = false
    private var uploadID: String?
    /// Uploads that may be open beside that one: of Creates whose answer nobody heard.
    private var unheardCount = 0
    /// How long they have been looked for in vain.
    private var searchedMilliseconds = 0
    /// A part was cut off: the store may be at work on it still.
    private var mayHavePartUnderWay = false
    private var mayRetry = true
    private let recordToken: String
    private let limits: S3RetryLimits

    package init(recordToken: String, limits: S3RetryLimits = S3RetryLimits()) {
        self.recordToken = recordToken
        self.limits = limits
    }

    /// Nothing more will be asked or told.
    package var isOver: Bool { phase == .over }

    /// Nobody waits for what is done: it may wait until the store is back.
    package var isCleaningUp: Bool {
        switch phase {
        case .settlingAbort, .settlingHead, .search, .aborted: true
        case .fresh, .created, .nextStep, .part, .completed, .ownersAbort, .over: false
        }
    }

    // MARK: what the owner asks

    package mutating func create() -> S3Reaction {
        guard phase == .fresh else { return outOfOrder(.create) }
        phase = .created(attempt: 1)
        return S3Reaction(.send(.create))
    }

    package mutating func openPart(number: Int, length: Int64) -> S3Reaction {
        guard case .nextStep(let uploadID) = phase else { return outOfOrder(.part) }
        phase = .part(uploadID: uploadID, number: number, length: length, attempt: 1)
        return S3Reaction(.send(.part(uploadID: uploadID, number: number, length: length)))
    }

    package mutating func complete(parts: [StoredPart]) -> S3Reaction {
        guard case .nextStep(let uploadID) = phase else { return outOfOrder(.complete) }
        phase = .completed(Completion(uploadID: uploadID, parts: parts), attempt: 1)
        return S3Reaction(.send(.complete(uploadID: uploadID, parts: parts)))
    }

    /// - Parameter isWaiting: no request is under way, only a timer.
    package mutating func abort(isWaiting: Bool) -> S3Reaction {
        guard !isAbandoned, !isTold, phase != .over else { return .none }
        isAbandoned = true
        switch phase {
        case .fresh: return end(.aborted)
        case .created:
            // Its answer tells the id that has to be aborted.
            return isWaiting ? cleaned() : .none
        case .part(let uploadID, _, _, _):
            mayHavePartUnderWay = mayHavePartUnderWay || !isWaiting
            return abortNow(uploadID)
        case .nextStep(let uploadID), .ownersAbort(.upload(let uploadID)): return abortNow(uploadID)
        case .completed(let completion, _):
            return isWaiting ? settle(completion) : .none
        case .ownersAbort(.nothing): return cleaned()
        case .ownersAbort(.unsettled):
            let detail = "the upload could not be settled"
            return tellEnd(.failed(StoreFailure(step: .abort, kind: .ambiguous, detail: detail)))
        case .settlingAbort, .settlingHead, .search, .aborted, .over: return .none
        }
    }

    // MARK: what comes back

    /// The wait that was asked for is over.
    package mutating func waited() -> S3Reaction {
        switch phase {
        case .created: S3Reaction(.send(.create))
        case .part(let uploadID, let number, let length, _):
            S3Reaction(.send(.part(uploadID: uploadID, number: number, length: length)))
        case .completed(let completion, _):
            S3Reaction(.send(.complete(uploadID: completion.uploadID, parts: completion.parts)))
        case .settlingAbort(let completion, _): S3Reaction(.send(.abort(uploadID: completion.uploadID)))
        case .settlingHead: S3Reaction(.send(.head))
        case .search: S3Reaction(.send(.search))
        case .aborted(let uploadID, _, _, _): S3Reaction(.send(.abort(uploadID: uploadID)))
        case .fresh, .nextStep, .ownersAbort, .over: .none
        }
    }

    /// - Parameters:
    ///   - isRewound: the part's source stands at its first byte again. Only of interest after a part failed.
    ///   - sends: how often the request was sent for this one answer: HTTP clients repeat one on a kept connection that
    ///     ends without a byte of an answer.
    ///   - mayRetry: whether what a client waits for may be repeated: the store is not known to be down, and not too
    ///     much is repeated already. What cleans up is repeated anyway.
    package mutating func answered(
        _ answer: S3Answer, isRewound: Bool, sends: Int = 1, mayRetry: Bool = true
    ) -> S3Reaction {
        self.mayRetry = mayRetry
        return switch phase {
        case .created(let attempt): createAnswered(answer, attempt, sends)
        case .part(let uploadID, let number, let length, let attempt):
            partAnswered(answer, uploadID, number, length, attempt, isRewound: isRewound)
        case .completed(let completion, let attempt): completeAnswered(answer, completion, attempt, sends)
        case .settlingAbort(let completion, let attempt): settlingAbortAnswered(answer, completion, attempt)
        case .settlingHead(let completion, let attempt): settlingHeadAnswered(answer, completion, attempt)
        case .search(let attempt, let emptyLooks): searchAnswered(answer, attempt, emptyLooks)
        case .aborted(let uploadID, let others, let attempt, let confirmations):
            abortAnswered(answer, uploadID, others, attempt, confirmations)
        case .fresh, .nextStep, .ownersAbort, .over: .none
        }
    }

    private mutating func createAnswered(_ answer: S3Answer, _ attempt: Int, _ sends: Int) -> S3Reaction {
        unheardCount += max(sends - 1, 0)
        if case .created(let uploadID) = answer {
            self.uploadID = uploadID
            guard !isAbandoned else { return abortNow(uploadID) }
            phase = .nextStep(uploadID: uploadID)
            return S3Reaction(event: .created(uploadID: uploadID))
        }
        let problem = answer.problem
        if answer.mayHaveHappened { unheardCount += 1 }
        if isAbandoned { return cleaned() }
        // A second Create after one that may have happened would be one more to look for.
        if problem.isTransient, mayRetry, unheardCount == 0, attempt < limits.createAttemptsMax {
            phase = .created(attempt: attempt + 1)
            return retry(problem, attempt)
        }
        return fail(.create, unheardCount > 0 ? .ambiguous : problem.kind, problem, leaving: .nothing)
    }

    private mutating func partAnswered(
        _ answer: S3Answer, _ uploadID: String, _ number: Int, _ length: Int64, _ attempt: Int, isRewound: Bool
    ) -> S3Reaction {
        if case .stored(let etag) = answer {
            phase = .nextStep(uploadID: uploadID)
            return S3Reaction(event: .partStored(StoredPart(number: number, etag: etag, length: length)))
        }
        if case .refused = answer {} else { mayHavePartUnderWay = true }
        if case .sourceFailed(let detail) = answer {
            return fail(.part, .clientSide, S3Problem(detail: detail), leaving: .upload(uploadID))
        }
        let problem = answer.problem
        if problem.isTransient, mayRetry, isRewound, attempt < limits.partAttemptsMax {
            phase = .part(uploadID: uploadID, number: number, length: length, attempt: attempt + 1)
            return retry(problem, attempt)
        }
        return fail(.part, problem.kind, problem, leaving: .upload(uploadID))
    }

    private mutating func completeAnswered(
        _ answer: S3Answer, _ completion: Completion, _ attempt: Int, _ sends: Int
    ) -> S3Reaction {
        if answer == .completed { return tellEnd(.completed) }
        var completion = completion
        completion.problem = answer.problem
        completion.mayBeDone = completion.mayBeDone || sends > 1
        if completion.problem.isNoSuchUpload {
            completion.isDenied = true
            // An earlier attempt won (one is repeated that met the end of a kept connection), or all is lost.
            phase = .settlingHead(completion, attempt: 1)
            return S3Reaction(.send(.head))
        }
        completion.mayBeDone = completion.mayBeDone || answer.mayHaveHappened
        if completion.problem.isTransient, mayRetry, !isAbandoned, attempt < limits.completeAttemptsMax {
            phase = .completed(completion, attempt: attempt + 1)
            return retry(completion.problem, attempt)
        }
        if completion.mayBeDone { return settle(completion) }
        if isAbandoned { return abortNow(completion.uploadID) }
        return fail(.complete, completion.problem.kind, completion.problem, leaving: .upload(completion.uploadID))
    }
}

// MARK: settling and cleaning up
extension S3UploadState {
    private mutating func settle(_ completion: Completion) -> S3Reaction {
        phase = .settlingAbort(completion, attempt: 1)
        return S3Reaction(.send(.abort(uploadID: completion.uploadID)))
    }

    private mutating func settlingAbortAnswered(
        _ answer: S3Answer, _ completion: Completion, _ attempt: Int
    ) -> S3Reaction {
        if answer.isGone {
            var completion = completion
            completion.isDenied = completion.isDenied || answer == .gone
            completion.isAborted = true
            phase = .settlingHead(completion, attempt: 1)
            return S3Reaction(.send(.head))
        }
        guard attempt < limits.cleanupAttemptsMax else { return unsettled(completion) }
        phase = .settlingAbort(completion, attempt: attempt + 1)
        return wait(attempt)
    }

    private mutating func settlingHeadAnswered(
        _ answer: S3Answer, _ completion: Completion, _ attempt: Int
    ) -> S3Reaction {
        switch answer {
        case .object(let length, let token) where length == completion.length && token == recordToken:
            return tellEnd(.completed)
        case .object, .noObject:
            guard completion.isAborted else { return settle(completion) }
            // Whose upload the store denies, yet shows no object of, may be putting it together.
            if completion.mayBeDone, completion.isDenied { return unsettled(completion) }
            if isAbandoned { return cleaned() }
            return fail(.complete, .unavailable, completion.problem, leaving: .nothing)
        default:
            // 403 or 5xx says nothing of the object.
            guard attempt < limits.cleanupAttemptsMax else { return unsettled(completion) }
            phase = .settlingHead(completion, attempt: attempt + 1)
            return wait(attempt)
        }
    }

    private mutating func unsettled(_ completion: Completion) -> S3Reaction {
        if isAbandoned {
            return tellEnd(.failed(StoreFailure(
                step: .abort, kind: .ambiguous, detail: completion.problem.detail, code: completion.problem.code)))
        }
        return fail(.complete, .ambiguous, completion.problem, leaving: .unsettled)
    }

    private mutating func abortNow(_ uploadID: String, others: [String] = []) -> S3Reaction {
        let confirmations = mayHavePartUnderWay && uploadID == self.uploadID ? limits.abortConfirmationsMax : 0
        phase = .aborted(uploadID: uploadID, others: others, attempt: 1, confirmations: confirmations)
        return S3Reaction(.send(.abort(uploadID: uploadID)))
    }

    private mutating func abortAnswered(
        _ answer: S3Answer, _ uploadID: String, _ others: [String], _ attempt: Int, _ confirmations: Int
    ) -> S3Reaction {
        if answer == .aborted, confirmations > 0 {
            // "If any part uploads are currently in progress, those part uploads might or might not succeed. As a
            // result, it might be necessary to abort a given multipart upload multiple times" (AbortMultipartUpload in
            // the Amazon S3 API Reference).
            phase = .aborted(uploadID: uploadID, others: others, attempt: 1, confirmations: confirmations - 1)
            return S3Reaction(.pause(milliseconds: limits.abortConfirmMilliseconds))
        }
        if answer.isGone {
            guard let next = others.first else { return cleaned() }
            return abortNow(next, others: Array(others.dropFirst()))
        }
        guard attempt < limits.cleanupAttemptsMax else { return endUnclean(answer.problem) }
        phase = .aborted(uploadID: uploadID, others: others, attempt: attempt + 1, confirmations: confirmations)
        return wait(attempt)
    }

    private mutating func searchAnswered(_ answer: S3Answer, _ attempt: Int, _ emptyLooks: Int) -> S3Reaction {
        guard case .uploads(let found) = answer else {
            guard attempt < limits.cleanupAttemptsMax else { return endUnclean(answer.problem) }
            phase = .search(attempt: attempt + 1, emptyLooks: emptyLooks)
            return wait(attempt)
        }
        let others = found.filter { $0 != uploadID }
        if let first = others.first {
            unheardCount = max(unheardCount - others.count, 0)
            return abortNow(first, others: Array(others.dropFirst()))
        }
        // The store may be at work on a Create that nobody waits for any more, and lists nothing before its end.
        guard searchedMilliseconds < limits.lateCreateMilliseconds else {
            let detail = "a CreateMultipartUpload had no answer, and the upload is not to be found"
            return end(.failed(StoreFailure(step: .abort, kind: .ambiguous, detail: detail)))
        }
        let pause = limits.waitMilliseconds(attempt: emptyLooks + 1)
        searchedMilliseconds += pause
        phase = .search(attempt: 1, emptyLooks: emptyLooks + 1)
        return S3Reaction(.pause(milliseconds: pause))
    }

    /// No upload whose id is known is left.
    private mutating func cleaned() -> S3Reaction { unheardCount > 0 ? search() : end(.aborted) }

    /// The known upload is as it will stay; others are cleaned up behind the owner's back.
    private mutating func tellEnd(_ event: StoreEvent) -> S3Reaction {
        guard unheardCount > 0 else { return end(event) }
        isTold = true
        var reaction = search()
        reaction.event = event
        return reaction
    }

    private mutating func search() -> S3Reaction {
        phase = .search(attempt: 1, emptyLooks: 0)
        return S3Reaction(.send(.search))
    }

    private mutating func endUnclean(_ problem: S3Problem) -> S3Reaction {
        end(.failed(StoreFailure(step: .abort, kind: problem.kind, detail: problem.detail, code: problem.code)))
    }

    /// A client waits for this.
    private mutating func retry(_ problem: S3Problem, _ attempt: Int) -> S3Reaction {
        attempt == 1 && problem.errorClass == .retryNow ? waited() : wait(attempt)
    }

    private func wait(_ attempt: Int) -> S3Reaction {
        S3Reaction(.wait(millisecondsMax: limits.waitMilliseconds(attempt: attempt)))
    }

    private mutating func fail(
        _ step: StoreFailure.Step, _ kind: StoreFailure.Kind, _ problem: S3Problem, leaving leftover: Leftover
    ) -> S3Reaction {
        phase = .ownersAbort(leftover)
        return S3Reaction(
            event: .failed(StoreFailure(step: step, kind: kind, detail: problem.detail, code: problem.code)))
    }

    private mutating func end(_ event: StoreEvent) -> S3Reaction {
        phase = .over
        return S3Reaction(event: isTold ? nil : event)
    }

    /// A step that does not fit: a defect of the owner's, which must not cost an upload left behind.
    private mutating func outOfOrder(_ step: StoreFailure.Step) -> S3Reaction {
        guard !isAbandoned, phase != .over else { return .none }
        return S3Reaction(
            event: .failed(StoreFailure(step: step, kind: .clientSide, detail: "the step came out of order")))
    }
}

extension S3Answer {
    package var isGone: Bool { self == .aborted || self == .gone }

    /// What stands in the way; an answer to another question counts as a malformed one.
    package var problem: S3Problem {
        switch self {
        case .refused(let problem), .lost(let problem, _): problem
        case .sourceFailed(let detail): S3Problem(detail: detail)
        default: S3Problem(status: 502, detail: "the store's answer does not fit the question")
        }
    }

    /// Whether the request may have been done although this is no success.
    package var mayHaveHappened: Bool {
        switch self {
        case .refused(let problem): problem.mayHaveHappened
        case .lost(_, let mayHaveArrived): mayHaveArrived
        default: true
        }
    }
}

extension S3Problem {
    package var kind: StoreFailure.Kind { isTransient ? .unavailable : .refused }
}
