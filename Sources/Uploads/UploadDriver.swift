internal import Bytes
internal import Crypto
internal import Gateway
internal import HTTPClient
internal import Images
internal import Linux
internal import ObjectStore
internal import Reactor
internal import Serving
internal import StoreStates
internal import Tokens

/// Performs what the `UploadExchange` of one upload asks for, and tells it what came of that. It outlives the
/// connection where an abort does.
final class UploadDriver {
    let service: UploadService
    let plan: UploadPlan
    private(set) var tag: UInt64 = 0

    var exchange: UploadExchange
    /// Effects that wait. An event that comes up while effects are performed appends its own, which keeps the order.
    var effects: [UploadEffect] = []
    private var isPerforming = false

    /// nil once the client is answered or gone.
    private var handler: UploadHandler?
    private var connection: Connection?

    private var body = UploadBody()
    /// Hashes the body of an upload that has an `Idempotency-Key`, until its end.
    private var hash: SHA256?
    /// The SHA-256 of such a body.
    private(set) var sha256: [UInt8]?
    private var store: (any StoreUpload)?
    private var put: (any StorePut)?
    var imageID: Int64?
    /// Whether the last write leaves nothing to recovery.
    var isSettled = false
    /// What of the journal's writes is to be answered yet, in order.
    var awaited: [UploadWrite] = []
    private var openTimer: TimerID?
    /// The part that the exchange asked for and whose bytes are not all in the spool yet.
    private var waitingPart: (number: Int, length: UInt64)?
    private let startedAt: Int64
    private var lastByteAt: Int64
    /// Microseconds of the monotonic clock.
    private var storeStartedAt: Int64?
    private(set) var storeMicroseconds: Int64?
    /// When the record was told that the object is complete, in milliseconds since 1970.
    var storedMilliseconds: Int64?
    let requestID: String

    init(plan: UploadPlan, requestID: String, service: UploadService, handler: UploadHandler, connection: Connection) {
        self.plan = plan
        self.requestID = requestID
        self.service = service
        self.handler = handler
        self.connection = connection
        startedAt = service.loop.now
        lastByteAt = startedAt
        if plan.idempotencyKey != nil { hash = SHA256() }
        exchange = UploadExchange(plan: plan, policy: service.judge.policy, into: &effects)
        tag = service.add(self)
        service.events.uploadBegan()
    }

    var receivedBytes: UInt64 { exchange.receivedBytes }
    /// Whether what goes on too long is not the client's doing: it has sent everything, or all that it was let.
    var waitsForStore: Bool { body.isWhole || body.isClientPaused }

    /// Whether nobody waits for it any more: the client has its answer, or has gone.
    var isAnswered: Bool { connection == nil }

    /// Nothing of the body is kept any more, and its client need not wait for room.
    func dropBody() {
        body.drop(service)
        resumeClientIfRoom()
    }

    /// Performs the effects of the accepted head.
    func start() { perform() }

    // MARK: - The client

    func receive(_ bytes: Span<UInt8>) {
        lastByteAt = service.loop.now
        hash?.update(bytes)
        let isKept = exchange.receive(bytes, into: &effects)
        if isKept { body.append(bytes, owner: self) } else { body.drop(service) }
        perform()
        openWaitingPart()
        if isKept { service.shedWhileOver() }
        guard isKept, handler != nil else { return }
        if body.takesStoreWaiting() { tellStore() }
        if body.isFull { pauseClient() }
    }

    func bodyEnded() {
        sha256 = hash.take()?.finish().bytes
        exchange.bodyEnded(digest: sha256, into: &effects)
        body.end()
        perform()
        openWaitingPart()
    }

    func clientLost() {
        handler = nil
        connection = nil
        // The bytes of a body that will not be whole serve nobody, even while the record's first answer is awaited.
        if !body.isWhole { body.drop(service) }
        exchange.clientLost(into: &effects)
        perform()
    }

    /// Bytes of memory that the body holds.
    var heldBytes: Int { body.heldBytes }

    /// Bytes a second since the head.
    var bytesPerSecond: UInt64 {
        receivedBytes &* 1_000 / UInt64(max(service.loop.now - startedAt, 1))
    }

    /// Whether what the store may have of it is being undone: nobody waits for that.
    private(set) var isAborting = false
    /// Whether the store said that it has an upload of ours.
    private var isOpenAtStore = false

    /// Memory or room in the spool is short, and this is the slowest.
    func shed(_ reason: String) {
        service.events.limitReached("the slowest upload was ended: " + reason, requestID)
        cancel(.storeUnavailable)
    }

    /// Whether the whole body is there: what is still missing is the store's.
    var isWhole: Bool { body.isWhole }

    /// Whether it keeps room in the spool and hardly uses it: no byte came for a while, or so few that it was only
    /// just not refused as too slow. One that goes on is let go on, however many others would be faster: those that
    /// are nearest to their end would be the first to go otherwise.
    var tricklesIntoSpool: Bool {
        guard body.holdsSpool, !waitsForStore, !isAborting else { return false }
        let now = service.loop.now
        if now - lastByteAt >= UploadServiceLimits.spoolIdleMilliseconds { return true }
        let isJudged = now - startedAt >= UploadServiceLimits.spoolGraceMilliseconds
        return isJudged && bytesPerSecond < UploadServiceLimits.spoolBytesPerSecondMin
    }

    func cancel(_ refusal: Refusal) {
        exchange.cancel(refusal, into: &effects)
        perform()
    }

    /// Sends the part that is due once all of its bytes are in the spool, which the disk may lag behind.
    private func openWaitingPart() {
        guard let (number, length) = waitingPart, let slot = body.spoolSource(part: number) else { return }
        waitingPart = nil
        store?.openPart(number: number, length: Int64(clamping: length), body: slot)
    }

    /// The store, which found no bytes, will find some.
    private func tellStore() {
        store?.bodyAvailable()
        put?.bodyAvailable()
    }

    private func pauseClient() {
        guard !body.isClientPaused else { return }
        body.isClientPaused = true
        connection?.pauseReading()
    }

    /// The store took bytes: the client may send more once half of the window is free.
    private func resumeClientIfRoom() {
        guard body.isClientPaused, body.hasRoom else { return }
        body.isClientPaused = false
        service.loop.deferred { [self] in connection?.resumeReading() }
    }

    // MARK: - Effects

    func perform() {
        guard !isPerforming else { return }
        isPerforming = true
        var index = 0
        while index < effects.count {
            let effect = effects[index]
            index += 1
            // Of a body that was there before the store's answer both are asked for at once: one write has both.
            if case .journal(.uploadID(let uploadID)) = effect, index < effects.count,
                case .journal(let next) = effects[index], case .completing = next
            {
                index += 1
                write(next, uploadID: uploadID)
            } else {
                perform(effect)
            }
        }
        effects.removeAll(keepingCapacity: true)
        isPerforming = false
    }

    private func perform(_ effect: UploadEffect) {
        switch effect {
        case .sendContinue: connection?.sendContinue()
        case .startOpenTimer(let milliseconds):
            openTimer = service.loop.schedule(afterMilliseconds: milliseconds, self)
        case .openSpool:
            openSpool()
        case .journal(let write): self.write(write)
        case .create: create()
        case .openPart(let number, let length, let route):
            switch route {
            case .window: store?.openPart(number: number, length: Int64(clamping: length), body: self)
            case .spool:
                waitingPart = (number, length)
                openWaitingPart()
            }
        case .complete(let parts):
            store?.complete(parts: parts.map { StoredPart(number: $0.number, etag: $0.entityTag, length: $0.bytes) })
        case .put(let length): openPut(length)
        case .release:
            body.limitReading(to: nil)
            if body.takesStoreWaiting() { tellStore() }
        case .abort: abort()
        case .leave: put?.leave()
        case .reply(let answer): reply(answer)
        case .end: end()
        }
    }

    private func openSpool() {
        let partBytes = service.judge.policy.partBytes
        if body.openSpool(partBytes: partBytes, owner: self) { return }
        // One of those that hold it all may make no use of it.
        if service.shedSlowestTrickle(), body.openSpool(partBytes: partBytes, owner: self) { return }
        service.events.limitReached("every slot of the spool is taken: raise SLUICE_SPOOL_SLOTS", requestID)
        exchange.cancel(.storeUnavailable, into: &effects)
    }

    private func create() {
        storeStartedAt = Clock.monotonicMicroseconds()
        let upload = service.store.begin(
            key: plan.key.text, contentType: plan.type.mediaType, recordToken: plan.recordToken, delegate: self)
        store = upload
        upload.create()
    }

    private func openPut(_ length: UInt64) {
        storeStartedAt = Clock.monotonicMicroseconds()
        let upload = service.store.beginPut(
            key: plan.key.text, contentType: plan.type.mediaType, recordToken: plan.recordToken, delegate: self)
        guard let upload else { return exchange.storeFailed(outcomeUnknown: false, into: &effects) }
        put = upload
        isOpenAtStore = true
        // What is withheld is let go by an effect of its own, which has come already where the body was held whole.
        let early = service.judge.policy.earlyBytes(ofPut: length)
        if early > 0 { body.limitReading(to: early) }
        upload.put(length: Int64(clamping: length), body: self)
    }

    private func abort() {
        body.drop(service)
        if !isAborting { service.abortingCount += 1 }
        isAborting = true
        waitingPart = nil
        if let store {
            store.abort()
        } else if let put {
            put.abort()
        } else {
            exchange.storeAborted(isCertain: true, into: &effects)
        }
    }

    private func reply(_ answer: UploadAnswer) {
        if let begun = storeStartedAt { storeMicroseconds = Clock.monotonicMicroseconds() - begun }
        if case .refused = answer { body.drop(service) }
        hash = nil
        let answered = handler
        handler = nil
        connection = nil
        answered?.uploadAnswered(answer, driver: self)
    }

    private func end() {
        if let openTimer { service.loop.cancel(openTimer) }
        openTimer = nil
        body.drop(service)
        store = nil
        put = nil
        service.remove(tag)
        if isAborting { service.abortingCount -= 1 }
        if let imageID, !isSettled { service.events.uploadLeft(imageID: imageID) }
        service.events.uploadEnded(wasAborted: isAborting && isOpenAtStore)
    }
}

extension UploadDriver: TimerHandler {
    func timerFired(_ timer: TimerID) {
        openTimer = nil
        let elapsed = service.loop.now - startedAt
        let expected = service.limits.minBodyBytesPerSecond * elapsed / 1_000
        exchange.openDelayPassed(arrivesFastEnough: Int64(clamping: receivedBytes) >= expected, into: &effects)
        perform()
    }
}

extension UploadDriver: RequestBodySource {
    func next(_ take: (Span<UInt8>) -> Int) -> BodySupply {
        let supply = body.read(take)
        resumeClientIfRoom()
        return supply
    }

    func rewind() -> Bool { body.rewind() }

    var readyBytes: Int { body.readyBytes }
}

extension UploadDriver: StoreUploadDelegate {
    func upload(_ upload: any StoreUpload, did event: StoreEvent) {
        // What was still on its way when it was over is nobody's.
        guard store != nil || put != nil else { return }
        switch event {
        case .created(let uploadID):
            isOpenAtStore = true
            exchange.storeCreated(uploadID: uploadID, into: &effects)
        case .partStored(let part):
            body.partStored(part.number, owner: self)
            exchange.storePartStored(
                PartReceipt(number: part.number, entityTag: part.etag, bytes: part.length), into: &effects)
            resumeClientIfRoom()
        case .completed:
            service.events.storeSucceeded()
            exchange.storeCompleted(into: &effects)
        case .failed(let failure):
            service.events.storeFailed(failure, requestID: requestID)
            if failure.step == .abort {
                exchange.storeAborted(isCertain: false, into: &effects)
            } else {
                exchange.storeFailed(outcomeUnknown: failure.kind == .ambiguous, into: &effects)
            }
        case .aborted: exchange.storeAborted(isCertain: true, into: &effects)
        }
        perform()
    }
}

extension UploadDriver: SpoolSlotDelegate {
    func spoolHasRoom(_ slot: SpoolSlot) {
        body.pump(self)
        openWaitingPart()
        resumeClientIfRoom()
    }

    func spoolIsReadable(_ slot: SpoolSlot) { store?.bodyAvailable() }

    func spool(_ slot: SpoolSlot, failed error: SystemError) {
        service.events.diskFailed("the spool: \(error)", requestID: requestID)
        cancel(.storeUnavailable)
    }
}
