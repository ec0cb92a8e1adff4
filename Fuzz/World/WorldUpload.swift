internal import Bytes
internal import Gateway
internal import StoreStates

/// One upload with its client, and what its driver does, in a ``GatewayWorld``.
final class WorldUpload {
    static let openTimerMilliseconds: Int64 = 200
    static let deadlineMilliseconds: Int64 = 60_000
    private static let pieceBytesMax = 15
    static let cleanupAttemptsMax = 3

    unowned let world: GatewayWorld
    let key: Int
    let instance: Int
    let body: WorldBody
    let route: BodyRoute
    let policy: UploadPolicy

    var exchange: UploadExchange
    var effects: [UploadEffect] = []
    private var isPerforming = false

    // The client.
    private var form: FormIntake?
    private var sent = 0
    private(set) var isBodyEnded = false
    /// Images whose time was over when the body ended.
    private(set) var expiredAtEnd: [Int64] = []
    private(set) var isClientGone = false
    private(set) var replies = 0
    /// Bytes that were kept for the store.
    var kept: [UInt8] = []

    // The journal.
    var rowID: Int64?
    /// The same, once it is known here.
    var imageID: Int64?
    var writes: [UploadWrite] = []
    var answers: [(write: UploadWrite, outcome: JournalOutcome)] = []
    /// Whether its last write leaves nothing to recovery.
    var isSettled = false
    /// The opening was answered as failed, and may be in the record: it is withdrawn.
    var uncertainID: Int64?
    /// What its `Idempotency-Key` stands for.
    var known: KnownUpload?

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
    /// Requests in a row that were to clean up and came to nothing.
    var vainCleanups = 0
    /// It died, or gave up, before the store had nothing more of it.
    var hasLeftParts = false

    var openTimerDue: Int64?
    var waitDue: Int64?
    var deadlineDue: Int64?
    /// Its deadline was due while its client waited.
    private(set) var isLate = false
    /// Store, journal or process did something to it that it may fail of.
    var hasFaults = false
    private(set) var isEnded = false

    enum JournalOutcome {
        case committed, failed
        case known(KnownUpload)
        case image(ImageRecord?)
    }

    init(
        world: GatewayWorld, key: Int, instance: Int, body: WorldBody, policy: UploadPolicy, expectsContinue: Bool
    ) {
        self.world = world
        self.key = key
        self.instance = instance
        self.body = body
        self.policy = policy
        effects.reserveCapacity(4)
        let plan: UploadPlan
        if let begun = body.intake() {
            form = begun.form
            plan = begun.plan
            sent = begun.headBytes
        } else {
            plan = body.plan(expectsContinue: expectsContinue)
            if body.framing.isForm { world.violate("\(key): a form does not begin") }
        }
        route = policy.route(declaredBytes: plan.declaredBytes)
        deadlineDue = world.now + Self.deadlineMilliseconds
        exchange = UploadExchange(plan: plan, policy: policy, into: &effects)
        if expectsContinue != effects.contains(.sendContinue), !body.framing.isForm {
            world.violate("\(key): 100 Continue is not what was asked for")
        }
        perform()
    }

    /// Little patience, so that what is given up is seen often.
    private static let limits: S3RetryLimits = {
        var limits = S3RetryLimits()
        limits.cleanupAttemptsMax = cleanupAttemptsMax
        return limits
    }()

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
        return put != nil && !isReleased ? min(kept.count, Int(policy.withheldBytes)) : 0
    }

    private func actAsClient() -> Bool {
        guard replies == 0, !isClientGone else { return false }
        if world.isDisturbed, world.choices.isOne(in: isBodyEnded ? 60 : 50) {
            lose()
            return true
        }
        if sent < body.wire.count { return send() }
        return endBody()
    }

    /// The client sends what it likes of what is left, unless it is not read.
    func send() -> Bool {
        guard replies == 0, !isClientGone, !isBodyEnded, heldBytes < GatewayWorld.windowBytes, sent < body.wire.count
        else { return false }
        let length = world.choices.amount(upTo: min(Self.pieceBytesMax, body.wire.count - sent))
        world.note("\(key): \(length) bytes")
        let start = sent
        sent += length
        let wire = body.wire
        take(wire.span.extracting(start ..< start + length))
        if kept.count > policy.uploadBytesMax { world.violate("\(key): \(kept.count) bytes are kept") }
        perform()
        return true
    }

    /// As `FormDriver` reads a form, and everybody else a body.
    private func take(_ piece: Span<UInt8>) {
        guard form != nil else { return takeFile(piece) }
        var offset = 0
        while offset < piece.count, replies == 0, !isClientGone {
            let rest = piece.extracting(droppingFirst: offset)
            guard let (step, consumed) = form?.next(rest) else { return }
            offset += consumed
            switch step {
            case .none: break
            case .file(let range): takeFile(rest.extracting(range))
            case .heldFile(let range):
                let delimiter = form?.delimiter ?? []
                takeFile(delimiter.span.extracting(range))
            case .refused(let refusal): refuseForm(refusal)
            case .begin, .complete: world.violate("\(key): a form that has two ends or beginnings")
            }
            perform()
        }
    }

    private func takeFile(_ piece: Span<UInt8>) {
        if exchange.receive(piece, into: &effects) {
            if kept.isEmpty { kept.reserveCapacity(body.bytes.count) }
            return kept.append(contentsOf: piece)
        }
        kept = []
        // Nobody wants what is only to be compared, or what has been answered.
        if exchange.isReplay || replies > 0 || isClientGone || isAnswering { return }
        world.violate("\(key): bytes are dropped")
    }

    /// Whether an answer is among the effects that are not performed yet.
    private var isAnswering: Bool {
        for effect in effects { if case .reply = effect { return true } }
        return false
    }

    /// The form is answered, and its upload told that nobody waits for it.
    private func refuseForm(_ refusal: FormRefusal) {
        guard replies == 0, !isClientGone else { return }
        lose()
        replies += 1
        world.checkRefusal(self, refusal.refusal)
    }

    /// The body ends, once everything is sent.
    @discardableResult func endBody() -> Bool {
        guard replies == 0, !isClientGone, !isBodyEnded, sent == body.wire.count else { return false }
        world.note("\(key): the body ends")
        switch form?.bodyEnded() {
        case .complete?, nil:
            isBodyEnded = true
            expiredAtEnd = world.expired
            // The bytes stand for their own sum: nothing else has it.
            let digest = body.idempotencyKey > 0 ? body.bytes : nil
            exchange.bodyEnded(digest: digest, into: &effects)
        case .refused(let refusal)?: refuseForm(refusal)
        case .some(.none), .begin?, .file?, .heldFile?: world.violate("\(key): a form does not end")
        }
        perform()
        return true
    }

    func lose() {
        guard !isClientGone, replies == 0 else { return }
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
        if let deadlineDue, replies == 0, !isClientGone { due = min(due, deadlineDue) }
        return due
    }

    /// One of its timers goes off.
    func fire() {
        let now = world.now
        if let due = openTimerDue, due <= now {
            openTimerDue = nil
            world.note("\(key): the open timer")
            let isAsked = rowID != nil || known != nil || !writes.isEmpty || !answers.isEmpty
            let isFastEnough = world.choices.roll(2) == 0
            exchange.openDelayPassed(arrivesFastEnough: isFastEnough, into: &effects)
            if !isFastEnough, opensStore { world.violate("\(key): too slow a body opens the store") }
            perform()
            if !isAsked, writes.isEmpty, openTimerDue == nil, replies == 0, !isClientGone {
                world.violate("\(key): nothing will open it")
            }
        } else if let due = waitDue, due <= now {
            waitDue = nil
            world.note("\(key): the store's wait is over")
            if put != nil { react(put?.waited() ?? .none) } else { react(parts?.waited() ?? .none) }
        } else if let due = deadlineDue, due <= now {
            deadlineDue = nil
            guard replies == 0, !isClientGone else { return }
            isLate = true
            if isStuck { world.violate("\(key): waits for nothing, and is not done") }
            cancel(.requestTimeout)
        }
    }

    /// Whether what it was just told makes it ask for its opening.
    private var opensStore: Bool {
        effects.contains { if case .journal(.opening) = $0 { true } else { false } }
    }

    /// Nobody has anything to do for it, and its client waits.
    private var isStuck: Bool {
        let isClientHeld = isBodyEnded || heldBytes >= GatewayWorld.windowBytes
        let isStoreHeld = step == nil || isBodyEnded && !hasBytes
        return isClientHeld && isStoreHeld && writes.isEmpty && answers.isEmpty && told.isEmpty && waitDue == nil
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
        case .sendContinue: break
        case .openSpool: if route != .spool { world.violate("\(key): a spool for a window") }
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
        replies += 1
        if replies > 1 { world.violate("\(key): two replies") }
        switch answer {
        case .created(let imageID, let fileBytes):
            world.checkPromise(self, imageID: imageID, fileBytes: fileBytes)
        case .replayed(let image): world.checkReplay(self, image)
        case .refused(let refusal):
            kept = []
            world.checkRefusal(self, refusal)
        }
    }
}
