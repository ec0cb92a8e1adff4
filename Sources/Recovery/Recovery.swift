package import Catalog
internal import Gateway
internal import Linux
package import ObjectStore
package import Reactor

/// Settles what dead processes left, deletes what nobody registered in time, and sweeps the store for uploads that
/// nobody knows: performs what ``RecoveryState`` and ``SweepState`` decide. It lives on one loop, beside whatever else
/// that does; what waits for a disk is done on the files thread.
package final class Recovery {
    let loop: EventLoop
    let catalog: Catalog
    let reader: CatalogReader
    let files: FilesPort
    let keeper: any StoreKeeper
    let limits: RecoveryLimits
    /// Whether images expire.
    let hasExpiry: Bool
    weak var observer: (any RecoveryObserver)?

    var state: RecoveryState
    var sweep: SweepState
    var sweepMarker: LeftoverMarker?
    private let answers: Mailbox<JournalAnswer>
    private var registration = Registration.none
    private var timer: TimerID?
    var isStopped = false

    /// The dead whose rows are in hand.
    var claims: [String: ClaimedRows] = [:]
    var pass = Pass()
    var duties = Duties()

    /// - Parameters:
    ///   - files: lives on `loop`.
    ///   - unregisteredMilliseconds: after how long images expire; nil: they do not.
    ///   - orphanMilliseconds: the age at which an upload that no row knows is ended.
    package init(
        loop: EventLoop, catalog: Catalog, files: FilesPort, keeper: any StoreKeeper,
        unregisteredMilliseconds: Int64?, orphanMilliseconds: Int64, limits: RecoveryLimits = RecoveryLimits(),
        observer: any RecoveryObserver
    ) throws {
        self.loop = loop
        self.catalog = catalog
        self.files = files
        self.keeper = keeper
        self.observer = observer
        hasExpiry = unregisteredMilliseconds != nil
        var limits = limits
        if let unregisteredMilliseconds {
            // Images of a short life are looked for more often.
            limits.dueMilliseconds = min(limits.dueMilliseconds, max(unregisteredMilliseconds / 4, 250))
        }
        self.limits = limits
        reader = CatalogReader(path: catalog.path)
        state = RecoveryState(limits: limits)
        sweep = SweepState(
            ageMilliseconds: orphanMilliseconds, removalsMax: limits.sweepRemovalsMax, pagesMax: limits.sweepPagesMax)
        answers = try Mailbox(capacity: limits.rowsMax)
        registration = try loop.receive(from: answers) { [weak self] in self?.take($0) }
    }

    /// Rows in hand.
    package var rowCount: Int { state.count }

    /// Whether all that there was to do has been done or is kept for later, each kind at least once. Where what is kept
    /// takes all the room of its kind, the rest of that kind is kept with it.
    package var isSettled: Bool {
        guard case .resting = pass.phase, state.isQuiet, duties.hasSwept, !duties.isLooking else { return false }
        return (duties.hasLookedForDue || !state.hasRoom(for: .due))
            && (duties.handedOver.isEmpty || !state.hasRoom(for: .left))
    }

    /// Begins, and goes on until ``stop()``.
    package func start() {
        pass.begin(at: loop.now)
        pump()
    }

    /// A living upload has ended without settling its row.
    package func adopt(imageID: Int64) {
        guard !isStopped else { return }
        handOver(imageID)
        pump()
    }

    func handOver(_ imageID: Int64) {
        // Those beyond the bound are found by the next start.
        guard duties.handedOver.count < limits.rowsMax else { return }
        duties.handedOver.append(HandedOver(imageID: imageID, due: loop.now + limits.handOverMilliseconds))
    }

    /// What was in the way of asking the store may have gone.
    package func poke() { pump() }

    /// Asks for nothing more and lets the rows of the dead go. What is under way is forgotten: the next start finds the
    /// rows as they are.
    package func stop() {
        isStopped = true
        if let timer { loop.cancel(timer) }
        timer = nil
        loop.deregister(registration)
        claims.removeAll()
    }

    // MARK: - Doing

    /// Does all that can be done now.
    func pump() {
        guard !isStopped else { return }
        let now = loop.now
        while let command = state.next(now: now, mayAsk: keeper.obstacle == nil) { perform(command) }
        look(now)
        endPass(now)
        sweepWhenDue(now)
        observer?.recoveryHas(rows: state.count, kept: state.keptCount)
        wakeLater(now)
    }

    private func wakeLater(_ now: Int64) {
        var due = nextLook
        if let wake = state.nextWake(now: now) { due = min(due, wake) }
        // Until there are credentials.
        if keeper.obstacle != nil { due = min(due, now + Self.obstacleMilliseconds) }
        if let timer { loop.cancel(timer) }
        timer = loop.schedule(afterMilliseconds: max(due - now, 1)) { [weak self] in
            self?.timer = nil
            self?.pump()
        }
    }

    private static let obstacleMilliseconds: Int64 = 500

    private func perform(_ command: RecoveryState.Command) {
        switch command {
        case .ask(let phase, let row):
            let subject = KeeperSubject(
                key: row.key, recordToken: row.recordToken, uploadID: row.uploadID, size: row.size)
            keeper.perform(phase, for: subject) { [weak self] answer in self?.answered(row, phase, answer) }
        case .write(let new, let row):
            guard catalog.submit(entry(new, row), replyTo: answers, tag: UInt64(bitPattern: row.imageID)) else {
                // Not at once: the queue is full.
                return written(row.imageID, .failed)
            }
        }
    }

    private func entry(_ state: UploadLife.State, _ row: RecoveryRow) -> JournalEntry {
        let now = Clock.wallMilliseconds()
        return switch state {
        case .stored: .stored(row.imageID, at: now)
        case .expiring: .expiring(row.imageID, at: now)
        // No step of recovery writes any other.
        case .opening, .streaming, .completing, .aborting, .gone: .gone(row.imageID)
        }
    }

    private func answered(_ row: RecoveryRow, _ phase: UploadLife.RecoveryPhase, _ answer: KeeperAnswer) {
        guard !isStopped else { return }
        let isKept = state.answered(row.imageID, answer.answer, now: loop.now) { Int64.random(in: 0 ... $0) }
        if isKept {
            let isRecheck = answer.answer == .notFound || answer.answer == .foundOther
            let detail = answer.detail
                ?? (isRecheck ? "a PutObject may be at work: looked at again in a quarter of an hour"
                    : "the store's answer settles nothing")
            observer?.recoveryKept(row, detail: "\(phase): \(detail)")
        }
        pump()
    }

    private func take(_ answer: JournalAnswer) {
        guard !isStopped else { return }
        let outcome: RecoveryState.Writing =
            switch answer.result {
            case .committed: .committed
            case .failed(.conflict): .conflict
            default: .failed
            }
        written(Int64(bitPattern: answer.tag), outcome)
        pump()
    }

    private func written(_ imageID: Int64, _ outcome: RecoveryState.Writing) {
        let settlement = state.written(imageID, outcome, now: loop.now) { Int64.random(in: 0 ... $0) }
        guard let settlement else { return }
        pass.report.count(settlement.fate)
        observer?.recoverySettled(settlement)
        // A late write of the upload's own came in between: what the row is now may want settling still.
        if settlement.fate == .passedOver, settlement.row.state != .stored { handOver(imageID) }
        if let instance = settlement.row.instance { releaseIfDone(instance) }
    }

    func releaseIfDone(_ instance: String) {
        guard let claimed = claims[instance], claimed.isRead, state.count(of: instance) == 0 else { return }
        claimed.claim.removeFile()
        claims[instance] = nil
    }
}

/// The rows of a dead process, as far as they are read.
struct ClaimedRows {
    let claim: InstanceClaim
    var lastID: Int64 = 0
    var isRead = false
}

/// One look at all that the dead have left.
struct Pass {
    enum Phase {
        /// Until the next one.
        case resting(until: Int64)
        /// Whose rows are there is to be asked.
        case due
        case asking
        /// Rows are read and settled.
        case working
    }

    var phase = Phase.due
    var report = RecoveryReport()
    var beganAt: Int64 = 0
    /// Dead processes wait for which there was no room.
    var leavesSome = false
    var isFirst = true
    /// Whether there was anything at all.
    var foundAny = false

    mutating func begin(at now: Int64) {
        phase = .due
        report = RecoveryReport()
        beganAt = now
        leavesSome = false
        foundAny = false
    }
}

/// A row that a living upload did not settle, and from when on its last writes have been made.
struct HandedOver {
    let imageID: Int64
    let due: Int64
}

/// What else is looked for in the record, and when.
struct Duties {
    /// One look is under way on the files thread.
    var isLooking = false
    /// None before this: the last one failed.
    var pausedUntil: Int64 = 0
    /// In the order in which they are due.
    var handedOver: [HandedOver] = []
    var dueAt: Int64 = 0
    /// nil: not before the first pass has ended.
    var sweepAt: Int64?
    /// Whether the last look for images whose time has come found all of them.
    var hasLookedForDue = false
    var hasSwept = false
}
