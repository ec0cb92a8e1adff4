internal import Gateway

/// The recovery of one row that a dead process left, by the rules of `UploadLife` and nothing else.
final class WorldRecovery {
    unowned let world: GatewayWorld
    let imageID: Int64
    let key: Int
    /// Who recovers it, and whose it was.
    let instance: Int
    let dead: Int
    private let uploadID: String?
    private let size: Int64?
    private var phase: UploadLife.RecoveryPhase?
    private var attempts = 0
    /// The last request met a fault.
    private var isFaulty = false
    private var reply: UploadLife.StoreAnswer?
    /// Uploads of the last list that are to be aborted yet.
    private var listed: [String] = []
    private(set) var due: Int64?

    /// So often the same is asked before ``UploadLife/givingUp(_:)`` says what else.
    private static let attemptsMax = 4

    init(world: GatewayWorld, imageID: Int64, row: WorldRecord.Row, by instance: Int) {
        self.world = world
        self.imageID = imageID
        self.instance = instance
        key = row.key
        dead = row.instance
        uploadID = row.uploadID
        size = row.size
        world.note("row \(imageID): \(row.state) is recovered by process \(instance)")
        if row.uploadID == nil, row.state != .expiring { world.bucket.reveal(key) }
        take(world.rules.first(row.state, row.uploadID != nil, row.size != nil))
    }

    var isSettled: Bool { phase == nil }

    func act() -> Bool {
        guard let phase, due == nil else { return false }
        if let reply {
            self.reply = nil
            world.note("row \(imageID): \(phase) is answered: \(reply)")
            let next = world.rules.next(phase, reply)
            // Who is answered and gets nowhere all the same has no excuse.
            attempts = next == .retryLater(phase) ? attempts + (isFaulty ? 1 : 0) : 0
            take(next)
            return true
        }
        reply = ask(phase)
        return true
    }

    func fire() {
        guard let due, due <= world.now else { return }
        self.due = nil
    }

    private func take(_ step: UploadLife.RecoveryStep) {
        switch step {
        case .send(let next): phase = next
        case .retryLater(let next):
            phase = next
            if attempts >= Self.attemptsMax {
                attempts = 0
                switch UploadLife.givingUp(next) {
                case .send(let other):
                    if next == .listingDenied || next == .abortingDenied { leaveOthers() }
                    phase = other
                case .write(let state):
                    leaveOthers()
                    phase = nil
                    return write(state)
                case .retryLater, .recheckLater, .settled: break
                }
            }
            due = world.now + 1_000 + Int64(world.choices.roll(60_000))
        case .recheckLater(let next):
            phase = next
            due = world.now + UploadLife.putMillisecondsMax
        case .write(let state):
            phase = nil
            write(state)
        case .settled: phase = nil
        }
    }

    /// The row's own upload is to be gone by now; what else there is of the key is the sweep's.
    private func leaveOthers() {
        if let uploadID, world.bucket.key(of: uploadID) != nil {
            world.violate("row \(imageID): recovery gives up, and its own upload is open")
        }
        world.leaveToSweep(key)
    }

    private func write(_ state: UploadLife.State) {
        world.note("row \(imageID): is written \(state)")
        // Whoever listed its key before may be dead, and nobody lists for a row that ends so.
        if state == .stored { world.bucket.conceal(key) }
        let isWritten =
            switch state {
            case .stored: world.record.write(.stored, imageID)
            case .gone: world.record.write(.gone, imageID)
            case .opening, .streaming, .completing, .expiring, .aborting: false
            }
        // Of an upload whose process lives, a write that was late may have come before.
        guard !isWritten, dead != instance, let row = world.record.row(imageID) else { return }
        world.violate("row \(imageID): recovery cannot write \(state) over \(row.state)")
    }

    private func ask(_ phase: UploadLife.RecoveryPhase) -> UploadLife.StoreAnswer {
        guard let request = request(phase) else { return .noSuchUpload }
        let fault = world.rollFault()
        isFaulty = fault != .none && fault != .sentTwice
        world.note("row \(imageID): \(phase) meets \(fault)")
        switch fault {
        case .unreached, .refused, .forbidden: return .unknown
        case .running:
            world.forget(request, isAccepted: true)
            return .unknown
        case .answerLost, .failedAfter:
            _ = world.perform(request, isRecovery: true)
            return .unknown
        case .none, .sentTwice:
            return answer(phase, world.perform(request, isRecovery: true))
        }
    }

    private func request(_ phase: UploadLife.RecoveryPhase) -> WorldBucket.Request? {
        switch phase {
        case .completing: uploadID.map { .complete(uploadID: $0, length: size) }
        case .confirming, .deciding, .settlingPut, .settlingPutAgain, .takingPutBack, .takingPutBackAgain:
            .head(key: key)
        case .givingUp, .aborting: uploadID.map { .abort(uploadID: $0) }
        case .givingUpListing, .listing, .listingRest, .listingDenied, .takingBackListing: .list(key: key)
        case .givingUpListed, .abortingListed, .abortingRest, .abortingDenied, .takingBackListed:
            listed.first.map { .abort(uploadID: $0) }
        case .deleting, .deletingPut: .delete(key: key)
        }
    }

    private func answer(_ phase: UploadLife.RecoveryPhase, _ reply: WorldBucket.Reply) -> UploadLife.StoreAnswer {
        switch reply {
        case .done:
            switch phase {
            case .givingUpListed, .abortingListed, .abortingRest, .abortingDenied, .takingBackListed:
                listed.removeFirst()
                return listed.isEmpty ? .done : .unknown
            default: return .done
            }
        case .noSuchUpload: return .noSuchUpload
        case .invalidPart: return .refused
        case .noObject: return .notFound
        case .created: return .unknown
        case .uploads(let found):
            world.bucket.reveal(key)
            listed = found.filter { $0 != uploadID }
            return listed.isEmpty ? .listedNone : .listedSome
        case .object(let length, let token):
            let isOurs = token == WorldBucket.token(key)
            switch phase {
            case .takingPutBack, .takingPutBackAgain: return isOurs ? .foundOurs : .foundOther
            default: return isOurs && length == size ? .foundOurs : .foundOther
            }
        }
    }
}
