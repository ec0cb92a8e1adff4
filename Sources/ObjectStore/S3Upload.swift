internal import Bytes
internal import HTTPClient
internal import Reactor
internal import StoreStates

/// One upload, in parts or as one PutObject: asks what its ``S3UploadCourse`` says, and reports what comes back to it.
final class S3Upload: StoreUpload, StorePut {
    let subject: S3Requests.Subject
    private let store: S3Store
    /// Lets go of the upload when it wants no more of it.
    private let delegate: any StoreUploadDelegate
    private var state: S3UploadCourse
    /// Place in the store's list of open uploads, -1 outside of it.
    var position = -1
    /// Whether the store counts it among those that wait for a second look.
    var isRechecking = false

    private var transfer: HTTPTransfer?
    private var timer: TimerID?
    /// Counts commands: an answer to one that another has taken the place of reaches nobody.
    private var round = 0
    private var source: PartSource?
    /// The part whose request is under way.
    private var openStep: S3Step?
    private var progress: (bytes: Int64, at: Int64) = (0, 0)
    private var openPartNumber = 0
    /// Of the parts that the store has, by their numbers; Complete repeats them.
    private var checksums: [Int: String] = [:]
    /// The step was sent again with the store's time.
    private var hasAdoptedClock = false
    /// The step was sent again to the region that its answer named.
    private var hasFollowed = false
    /// The store named a sum of what it took that is not ours.
    private var hasWrongSum = false
    /// What is sent now has waited for it.
    private var isRepeating = false
    /// It had its turn to ask a store that has just come back.
    private var isAdmitted = false
    private let parkMilliseconds: Int64

    init(store: S3Store, subject: S3Requests.Subject, limits: S3RetryLimits, delegate: any StoreUploadDelegate) {
        self.store = store
        self.subject = subject
        self.delegate = delegate
        parkMilliseconds = limits.parkMilliseconds
        state = S3UploadCourse(recordToken: subject.recordToken, limits: limits)
    }

    // MARK: what the owner asks

    func create() {
        store.keep(self)
        perform(state.create(), isDeferred: true)
    }

    func openPart(number: Int, length: Int64, body: any RequestBodySource) {
        source = makeSource(body, length)
        openPartNumber = number
        perform(state.openPart(number: number, length: length), isDeferred: true)
    }

    func put(length: Int64, body: any RequestBodySource) {
        store.keep(self)
        source = makeSource(body, length)
        perform(state.put(length: length), isDeferred: true)
    }

    private func makeSource(_ body: any RequestBodySource, _ length: Int64) -> PartSource {
        PartSource(body, length: length, hasChecksum: store.requests.configuration.partSigning.hasChecksum)
    }

    func bodyAvailable() {
        transfer?.resume()
    }

    func complete(parts: [StoredPart]) {
        let parts = parts.map { part in
            StoredPart(number: part.number, etag: part.etag, length: part.length, checksum: checksums[part.number])
        }
        perform(state.complete(parts: parts), isDeferred: true)
    }

    func abort() {
        store.keep(self)
        let reaction = state.abort(
            isWaiting: timer != nil, isWhole: source?.isTaken ?? false, sends: transfer?.sendCount ?? 1)
        perform(reaction, isDeferred: true)
        if reaction.command != nil { source = nil }
    }

    func leave() {
        perform(state.leave(), isDeferred: true)
        source = nil
    }

    // MARK: what is done

    /// - Parameter isDeferred: the owner is calling, and must not be answered inside of its call.
    private func perform(_ reaction: S3Reaction, isDeferred: Bool = false) {
        if reaction.command != nil || state.isOver { stopWaiting() }
        switch reaction.command {
        case .send(let step):
            hasAdoptedClock = false
            hasFollowed = false
            send(step)
        case .wait(let millisecondsMax):
            store.countRetry()
            wait(store.jitter(0...Int64(max(millisecondsMax, 0))))
        case .pause(let milliseconds):
            if state.isRechecking, !store.takesRecheck(of: self) {
                return perform(state.forgoRecheck(), isDeferred: isDeferred)
            }
            wait(Int64(milliseconds))
        case nil: break
        }
        if state.isOver { store.release(self) }
        guard let event = reaction.event else { return }
        if isDeferred {
            store.loop.deferred { [self] in delegate.upload(self, did: event) }
        } else {
            delegate.upload(self, did: event)
        }
    }

    private func stopWaiting() {
        round += 1
        transfer?.cancel()
        transfer = nil
        openStep = nil
        if let timer { store.loop.cancel(timer) }
        timer = nil
    }

    private func wait(_ delay: Int64) {
        timer = store.loop.schedule(afterMilliseconds: delay) { [self] in
            timer = nil
            isRepeating = true
            perform(state.waited())
            isRepeating = false
        }
    }

    /// Nothing is begun, repeated or cleaned up at a store that is down: it is asked by the breaker's probe alone.
    private func isHeldBack(_ step: S3Step) -> Bool {
        guard store.isDown else { return waitsItsTurn(step) }
        if state.isCleaningUp {
            wait(store.jitter(1...parkMilliseconds))
            return true
        }
        guard step.isBeginning || isRepeating else { return false }
        fail(step, "the store is down: " + store.downDetail)
        return true
    }

    /// The turn is taken where the store is really asked: an upload that is refused for its bytes takes none.
    private func waitsItsTurn(_ step: S3Step) -> Bool {
        // Without credentials nothing will be asked.
        guard step.isBeginning, !isAdmitted, store.credentials != nil else { return false }
        isAdmitted = store.admitsRequest()
        guard !isAdmitted else { return false }
        fail(step, "the store was down, and another upload tries it now: " + store.downDetail, mayRetry: false)
        return true
    }

    private func fail(_ step: S3Step, _ detail: String, mayRetry: Bool = true) {
        let round = round
        store.loop.deferred { [self] in
            guard round == self.round else { return }
            let answer = S3Answer.lost(S3Problem(detail: "\(step.name): \(detail)"), mayHaveArrived: false)
            take(step, answer, isStores: false, mayRetry: mayRetry)
        }
    }

    private func send(_ step: S3Step) {
        guard !isHeldBack(step) else { return }
        let round = round
        var body: PartSource?
        if step.hasBody { body = source }
        guard let request = store.requests.request(step, subject, body: body) else {
            return fail(step, "there are no credentials to sign with")
        }
        let region = store.requests.location.region
        if body != nil {
            openStep = step
            progress = (0, store.loop.now)
        }
        transfer = store.client.start(request) { [self] result in
            guard round == self.round else { return }
            let sends = transfer?.sendCount ?? 1
            transfer = nil
            openStep = nil
            let answer = answer(step, result)
            guard !follows(step, answer, from: region), !adoptsClock(step, answer, result) else { return }
            take(step, answer, sends: sends, isStores: Self.isStores(result))
        }
    }

    /// Sends a step that the store refused for its time once more, with the store's own.
    private func adoptsClock(
        _ step: S3Step, _ answer: S3Answer, _ result: Result<HTTPResponse, HTTPFailure>
    ) -> Bool {
        guard case .refused(let problem) = answer, problem.code == "RequestTimeTooSkewed", !hasAdoptedClock,
            case .success(let response) = result, let date = response.fields.value(of: "date"),
            store.adoptClock(date: date)
        else { return false }
        // Without its bytes this part is lost, but the next request will be right.
        if step.hasBody, source?.rewind() != true { return false }
        hasAdoptedClock = true
        send(step)
        return true
    }

    /// Sends a step that went to the wrong region once more, to the right one.
    private func follows(_ step: S3Step, _ answer: S3Answer, from region: String) -> Bool {
        guard case .refused(let problem) = answer, let right = problem.region, right != region, !hasFollowed else {
            return false
        }
        // Without its bytes this request is lost, but the next will be right.
        guard store.move(to: right) else { return false }
        if step.hasBody, source?.rewind() != true { return false }
        hasFollowed = true
        send(step)
        return true
    }

    /// Whether an outcome says something of the store.
    private static func isStores(_ result: Result<HTTPResponse, HTTPFailure>) -> Bool {
        guard case .failure(let failure) = result else { return true }
        switch failure.kind {
        case .bodySource, .invalidRequest, .unavailable: return false
        case .resolve, .connect, .tls, .timeout, .connectionLost, .malformedResponse, .responseTooLarge, .other:
            return true
        }
    }

    /// - Parameter isStores: whether it says something of the store.
    private func take(
        _ step: S3Step, _ answer: S3Answer, sends: Int = 1, isStores: Bool = true, mayRetry: Bool = true
    ) {
        if isStores { store.note(step, answer) }
        let isPart = step.hasBody
        var isRewound = false
        let isWhole = source?.isTaken ?? false
        if isPart {
            // A part that was not stored wants its bytes again, if they can be had.
            if case .stored = answer {
                checksums[openPartNumber] = source?.checksum
            } else {
                isRewound = source?.rewind() ?? false
            }
        }
        let mayRetry = mayRetry && store.mayRetry
        let reaction = state.answered(
            answer, isRewound: isRewound, sends: sends, isWhole: isWhole, mayRetry: mayRetry)
        if !mayRetry, case .failed = reaction.event { store.observer?.repetitionDenied() }
        if isPart, reaction.event != nil { source = nil }
        // At once, where nothing is wrong with the store; a repetition after a pause is counted as it begins to wait.
        if reaction.command == .send(step) { store.countRetry() }
        perform(reaction)
    }

    private func answer(_ step: S3Step, _ result: Result<HTTPResponse, HTTPFailure>) -> S3Answer {
        switch result {
        case .success(let response):
            let fields = response.fields
            var head = S3AnswerHead(status: response.status)
            if response.status >= 300 { head.bucketRegion = fields.value(of: "x-amz-bucket-region") }
            switch step {
            case .part, .put:
                if response.status < 300, source?.isTaken != true {
                    let problem = S3Problem(detail: "\(step.name): a yes to bytes that were not sent")
                    return .lost(problem, mayHaveArrived: true)
                }
                let theirs = fields.value(of: ChunkTrailer.name)
                // Who named a wrong sum is believed only what it names a right one of. Parts are judged by Complete.
                if response.status < 300, let ours = source?.checksum, theirs != ours, theirs != nil || hasWrongSum {
                    if case .put = step { hasWrongSum = true }
                    let detail = "\(step.name): the store's CRC32C \(theirs ?? "(none)") is not ours, \(ours)"
                    return .refused(S3Problem(status: 502, detail: detail, isKnownWrong: true))
                }
                head.etag = fields.value(of: "etag")
            case .head:
                head.etag = fields.value(of: "etag")
                head.contentLength = fields.value(of: "content-length")
                head.recordToken = fields.value(of: "x-amz-meta-sluice-id")
            case .create, .complete, .abort, .search, .delete: break
            }
            return S3AnswerReader.read(step, head, body: response.body.span, key: subject.key)
        case .failure(let failure):
            let detail = "\(step.name): \(failure.detail)"
            if failure.kind == .bodySource, source?.hasFailed == true { return .sourceFailed(detail) }
            // Who answers in another language than HTTP's may have done anything.
            let mayHaveArrived = failure.requestSent && (failure.bodySent || failure.kind == .malformedResponse)
            return .lost(S3Problem(detail: detail), mayHaveArrived: mayHaveArrived)
        }
    }

    /// Gives up a part whose bytes the store does not take, or which it does not answer.
    func checkProgress(now: Int64, stallMilliseconds: Int64) {
        guard let openStep, let source else { return }
        // A source that nobody asks any more says nothing of who is to blame.
        let waitsForSource = source.isPending && transfer?.wantsBody ?? true
        if waitsForSource || source.takenBytes != progress.bytes {
            progress = (source.takenBytes, now)
        } else if now - progress.at >= stallMilliseconds {
            let sends = transfer?.sendCount ?? 1
            stopWaiting()
            let problem = S3Problem(detail: "\(openStep.name): the store neither takes the bytes nor answers")
            take(openStep, .lost(problem, mayHaveArrived: true), sends: sends)
        }
    }
}
