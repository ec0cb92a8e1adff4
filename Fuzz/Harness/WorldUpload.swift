internal import Gateway
internal import Images
internal import ObjectStore
internal import Tokens

/// One upload with its client, and what its driver does, in a ``GatewayWorld``.
final class WorldUpload {
    static let openTimerMilliseconds: Int64 = 200
    static let deadlineMilliseconds: Int64 = 60_000

    unowned let world: GatewayWorld
    let key: Int
    let instance: Int
    /// What the client means to send, and as what it declares it.
    let body: [UInt8]
    let declared: UInt64?
    let route: BodyRoute
    let policy: UploadPolicy

    var exchange: UploadExchange
    var effects: [UploadEffect] = []
    private var isPerforming = false

    // The client.
    var sent = 0
    var isBodyEnded = false
    var isClientGone = false
    var replies: [UploadAnswer] = []
    /// Bytes that were kept for the store.
    var kept: [UInt8] = []

    // The journal.
    var rowID: Int64?
    /// The same, once it is known here.
    var imageID: Int64?
    var writes: [UploadWrite] = []
    var answers: [(write: UploadWrite, isCommitted: Bool)] = []
    /// Whether its last write leaves nothing to recovery.
    var isSettled = false
    /// The opening was answered as failed, and may be in the record: it is withdrawn.
    var uncertainID: Int64?

    // The store.
    var parts: S3UploadState?
    var put: S3PutState?
    var step: S3Step?
    var answer: S3Answer?
    var sends = 1
    /// The request's body was handed over to its end.
    var isTaken = false
    var isReleased = false
    var told: [StoreEvent] = []

    var openTimerDue: Int64?
    var waitDue: Int64?
    var deadlineDue: Int64?
    private(set) var isEnded = false

    init(world: GatewayWorld, key: Int, instance: Int, body: [UInt8], isChunked: Bool, policy: UploadPolicy) {
        self.world = world
        self.key = key
        self.instance = instance
        self.body = body
        self.policy = policy
        declared = isChunked ? nil : UInt64(body.count)
        route = policy.route(declaredBytes: declared)
        deadlineDue = world.now + Self.deadlineMilliseconds
        exchange = UploadExchange(plan: Self.plan(declared), policy: policy, into: &effects)
        perform()
    }

    /// Little patience, so that what is given up is seen often.
    private static let limits: S3RetryLimits = {
        var limits = S3RetryLimits()
        limits.cleanupAttemptsMax = 3
        return limits
    }()
    private static let claims = TokenClaims(subject: "1", role: .user, expiresAt: 9)
    private static let objectKey = ObjectKey(subject: "1", milliseconds: 1, uuid: "u", type: .gif)

    private static func plan(_ declared: UInt64?) -> UploadPlan {
        UploadPlan(
            key: objectKey, claims: claims, type: .gif, declaredBytes: declared, filename: nil, host: "h",
            recordToken: "r", expectsContinue: false)
    }

    var isPromised: Bool {
        if case .created = replies.first { return true }
        return false
    }

    // MARK: - What may happen

    /// Does one of the things that can happen at once; false where there is none.
    func act() -> Bool {
        let first = world.choices.roll(5)
        for turn in 0 ..< 5 {
            let isDone =
                switch (first + turn) % 5 {
                case 0, 1: actAsClient()
                case 2: world.isJournalStuck(instance) ? false : commit()
                case 3: takeJournalAnswer()
                default: actAsStore()
                }
            if isDone { return true }
        }
        return false
    }

    /// Bytes in memory that the store did not take yet; what is in the spool is on a disk.
    var heldBytes: Int {
        guard route == .window else { return 0 }
        guard step?.hasBody == true else { return parts == nil && put == nil ? kept.count : 0 }
        return put != nil && !isReleased ? min(kept.count, Int(policy.withheldBytesMax)) : 0
    }

    private func actAsClient() -> Bool {
        guard replies.isEmpty, !isClientGone else { return false }
        if world.isDisturbed, world.choices.isOne(in: isBodyEnded ? 60 : 50) {
            loseClient()
            return true
        }
        guard !isBodyEnded, heldBytes < GatewayWorld.windowBytes else { return false }
        if sent == body.count {
            isBodyEnded = true
            world.note("\(key): the body ends")
            exchange.bodyEnded(into: &effects)
        } else {
            let length = 1 + world.choices.roll(min(15, body.count - sent))
            world.note("\(key): \(length) bytes")
            let piece = Array(body[sent ..< sent + length])
            sent += length
            if exchange.receive(piece.span, into: &effects) { kept += piece } else { kept = [] }
            if kept.count > policy.uploadBytesMax { world.violate("\(key): \(kept.count) bytes are kept") }
        }
        perform()
        return true
    }

    private func loseClient() {
        world.note("\(key): the client is lost")
        isClientGone = true
        if !isBodyEnded { kept = [] }
        exchange.clientLost(into: &effects)
        perform()
    }

    func cancel(_ refusal: Refusal) {
        world.note("\(key): cancelled")
        exchange.cancel(refusal, into: &effects)
        perform()
    }

    // MARK: - Time

    var nextDue: Int64 {
        var due = Int64.max
        if let openTimerDue { due = min(due, openTimerDue) }
        if let waitDue { due = min(due, waitDue) }
        if let deadlineDue, replies.isEmpty, !isClientGone { due = min(due, deadlineDue) }
        return due
    }

    /// One of its timers goes off.
    func fire() {
        let now = world.now
        if let due = openTimerDue, due <= now {
            openTimerDue = nil
            world.note("\(key): the open timer")
            exchange.openDelayPassed(arrivesFastEnough: world.choices.roll(2) == 0, into: &effects)
            perform()
        } else if let due = waitDue, due <= now {
            waitDue = nil
            world.note("\(key): the store's wait is over")
            if put != nil { react(put?.waited() ?? .none) } else { react(parts?.waited() ?? .none) }
        } else if let due = deadlineDue, due <= now {
            deadlineDue = nil
            guard replies.isEmpty, !isClientGone else { return }
            if isStuck { world.violate("\(key): waits for nothing, and is not done") }
            cancel(.requestTimeout)
        }
    }

    /// Nobody has anything to do for it, and its client waits.
    private var isStuck: Bool {
        let isClientHeld = isBodyEnded || heldBytes >= GatewayWorld.windowBytes
        return isClientHeld && writes.isEmpty && answers.isEmpty && step == nil && told.isEmpty && waitDue == nil
            && openTimerDue == nil
    }

    // MARK: - Effects

    func perform() {
        guard !isPerforming else { return }
        isPerforming = true
        var index = 0
        while index < effects.count {
            let effect = effects[index]
            index += 1
            perform(effect)
        }
        if effects.count > GatewayWorld.effectsMax { world.violate("\(key): \(effects.count) effects of one event") }
        effects.removeAll(keepingCapacity: true)
        isPerforming = false
    }

    private func perform(_ effect: UploadEffect) {
        world.note("\(key):   → \(effect)")
        if isEnded { world.violate("\(key): an effect after the end: \(effect)") }
        switch effect {
        case .sendContinue, .openSpool: break
        case .startOpenTimer: openTimerDue = world.now + Self.openTimerMilliseconds
        case .journal(let write): submit(write)
        case .create:
            var state = S3UploadState(recordToken: WorldBucket.token(key), limits: Self.limits)
            let reaction = state.create()
            parts = state
            react(reaction, isDeferred: true)
        case .openPart(let number, let length, _):
            isTaken = false
            react(parts?.openPart(number: number, length: Int64(length)) ?? .none, isDeferred: true)
        case .complete(let receipts):
            let stored = receipts.map { StoredPart(number: $0.number, etag: $0.entityTag, length: $0.bytes) }
            react(parts?.complete(parts: stored) ?? .none, isDeferred: true)
        case .put(let length):
            var state = S3PutState(
                length: Int64(length), recordToken: WorldBucket.token(key), limits: Self.limits)
            let reaction = state.put()
            put = state
            react(reaction, isDeferred: true)
        case .release: isReleased = true
        case .abort:
            // What comes of it takes a deletion that outlives its process, which is too rare to wait for.
            if put != nil, isReleased, rowID.flatMap({ world.record.row($0) })?.state != .aborting {
                world.violate("\(key): what a PutObject may have stored is deleted before `aborting` is committed")
            }
            abort()
        case .leave: react(put?.leave() ?? .none)
        case .reply(let answer): reply(answer)
        case .end:
            isEnded = true
            openTimerDue = nil
            if let imageID, !isSettled { world.handOver(imageID, process: instance) }
        }
    }

    private func reply(_ answer: UploadAnswer) {
        if isClientGone { world.violate("\(key): a reply to nobody") }
        if !replies.isEmpty { world.violate("\(key): two replies") }
        replies.append(answer)
        if case .created(let imageID, let fileBytes) = answer {
            world.checkPromise(self, imageID: imageID, fileBytes: fileBytes)
        } else {
            world.tally.refused += 1
        }
    }
}
