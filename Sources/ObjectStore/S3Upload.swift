internal import Bytes
internal import HTTPClient
internal import Reactor

/// One multipart upload: asks what its ``S3UploadState`` says, and reports what comes back to it.
final class S3Upload: StoreUpload {
    let subject: S3Requests.Subject
    private let store: S3Store
    private weak var delegate: (any StoreUploadDelegate)?
    private var state: S3UploadState
    /// Place in the store's list of open uploads, -1 outside of it.
    var position = -1

    private var transfer: HTTPTransfer?
    private var timer: TimerID?
    /// Counts commands: an answer to one that another has taken the place of reaches nobody.
    private var round = 0
    private var source: PartSource?
    /// The part whose request is under way.
    private var openStep: S3Step?
    private var progress: (bytes: Int64, at: Int64) = (0, 0)
    /// The step was sent again to the region that its answer named.
    private var hasFollowed = false
    /// What is sent now has waited for it.
    private var isRepeating = false
    private let parkMilliseconds: Int64

    init(store: S3Store, subject: S3Requests.Subject, limits: S3RetryLimits, delegate: any StoreUploadDelegate) {
        self.store = store
        self.subject = subject
        self.delegate = delegate
        parkMilliseconds = limits.parkMilliseconds
        state = S3UploadState(recordToken: subject.recordToken, limits: limits)
    }

    // MARK: what the owner asks

    func create() {
        store.keep(self)
        perform(state.create(), isDeferred: true)
    }

    func openPart(number: Int, length: Int64, body: any RequestBodySource) {
        source = PartSource(body, length: length)
        perform(state.openPart(number: number, length: length), isDeferred: true)
    }

    func bodyAvailable() {
        transfer?.resume()
    }

    func complete(parts: [StoredPart]) {
        perform(state.complete(parts: parts), isDeferred: true)
    }

    func abort() {
        store.keep(self)
        let reaction = state.abort(isWaiting: timer != nil)
        perform(reaction, isDeferred: true)
        if reaction.command != nil { source = nil }
    }

    // MARK: what is done

    /// - Parameter isDeferred: the owner is calling, and must not be answered inside of its call.
    private func perform(_ reaction: S3Reaction, isDeferred: Bool = false) {
        if reaction.command != nil || state.isOver { stopWaiting() }
        switch reaction.command {
        case .send(let step):
            hasFollowed = false
            send(step)
        case .wait(let millisecondsMax):
            store.countRetry()
            wait(Int64.random(in: 0...Int64(max(millisecondsMax, 0))))
        case .pause(let milliseconds): wait(Int64(milliseconds))
        case nil: break
        }
        if state.isOver { store.release(self) }
        guard let event = reaction.event else { return }
        if isDeferred {
            store.loop.deferred { [self] in delegate?.upload(self, did: event) }
        } else {
            delegate?.upload(self, did: event)
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
        guard store.isDown else { return false }
        if state.isCleaningUp {
            wait(Int64.random(in: 1...parkMilliseconds))
            return true
        }
        guard step == .create || isRepeating else { return false }
        fail(step, "the store is down: " + store.downDetail)
        return true
    }

    private func fail(_ step: S3Step, _ detail: String) {
        let round = round
        store.loop.deferred { [self] in
            guard round == self.round else { return }
            take(step, .lost(S3Problem(detail: "\(step.name): \(detail)"), mayHaveArrived: false), isStores: false)
        }
    }

    private func send(_ step: S3Step) {
        guard !isHeldBack(step) else { return }
        let round = round
        var body: PartSource?
        if case .part = step { body = source }
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
            guard !follows(step, answer, from: region) else { return }
            take(step, answer, sends: sends, isStores: Self.isStores(result))
        }
    }

    /// Sends a step that went to the wrong region once more, to the right one.
    private func follows(_ step: S3Step, _ answer: S3Answer, from region: String) -> Bool {
        guard case .refused(let problem) = answer, let right = problem.region, right != region, !hasFollowed else {
            return false
        }
        if case .part = step, source?.rewind() != true { return false }
        guard store.move(to: right) else { return false }
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
    private func take(_ step: S3Step, _ answer: S3Answer, sends: Int = 1, isStores: Bool = true) {
        if isStores { store.note(step, answer) }
        var isPart = false
        if case .part = step { isPart = true }
        var isRewound = false
        if isPart {
            // A part that was not stored wants its bytes again, if they can be had.
            if case .stored = answer {} else { isRewound = source?.rewind() ?? false }
        }
        let mayRetry = store.mayRetry
        let reaction = state.answered(answer, isRewound: isRewound, sends: sends, mayRetry: mayRetry)
        if !mayRetry, case .failed = reaction.event { store.observer?.repetitionDenied() }
        if isPart, reaction.event != nil { source = nil }
        perform(reaction)
    }

    private func answer(_ step: S3Step, _ result: Result<HTTPResponse, HTTPFailure>) -> S3Answer {
        switch result {
        case .success(let response):
            let fields = response.fields
            var head = S3AnswerHead(status: response.status)
            if response.status >= 300 { head.bucketRegion = fields.value(of: "x-amz-bucket-region") }
            switch step {
            case .part:
                if response.status < 300, source?.isTaken != true {
                    let problem = S3Problem(detail: "\(step.name): a yes to bytes that were not sent")
                    return .lost(problem, mayHaveArrived: true)
                }
                head.etag = fields.value(of: "etag")
            case .head:
                head.contentLength = fields.value(of: "content-length")
                head.recordToken = fields.value(of: "x-amz-meta-sluice-id")
            case .create, .complete, .abort, .search: break
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
        if source.isPending || source.takenBytes != progress.bytes {
            progress = (source.takenBytes, now)
        } else if now - progress.at >= stallMilliseconds {
            stopWaiting()
            let problem = S3Problem(detail: "UploadPart: the store neither takes the bytes nor answers")
            take(openStep, .lost(problem, mayHaveArrived: true))
        }
    }
}
