package import Gateway

/// Uploads, a bucket, a record and the processes between them, out of one seed: the client's bytes in any cut, answers
/// of store and journal in any order, wrong, late or never, timers, shutdown, and the death of a process or of the
/// machine after any event, followed by the real rules of recovery; with a second process on the same record and
/// bucket.
///
/// What is real: `UploadExchange`, `UploadLife`, and the states of an upload at S3. What is played: their drivers, the
/// bucket, the record, and time, which passes only where nothing else is chosen to happen.
package final class GatewayWorld {
    /// More in memory, and the client is not read.
    static let windowBytes = 30
    static let effectsMax = 12
    static let writesMax = 6
    private static let stepsMax = 150
    private static let settlingStepsMax = 4_000
    private static let patienceMilliseconds: Int64 = 5_000
    private static let handOverMilliseconds: Int64 = 1_000

    var choices: WorldChoices
    var record = WorldRecord()
    private(set) var bucket = WorldBucket()
    private(set) var now: Int64 = 0
    /// What has gone wrong, empty when every invariant held.
    package private(set) var violations: [String] = []
    package private(set) var trace: [String] = []
    package internal(set) var tally = Tally()
    private let isTracing: Bool
    let rules: Rules

    var processes: [Process] = []
    private(set) var uploads: [WorldUpload] = []
    var recoveries: [WorldRecovery] = []
    /// Rows that their living process did not settle, and when its recovery looks at them.
    private var handedOver: [(imageID: Int64, process: Int, due: Int64)] = []
    /// Requests that nobody waits for, until when the store may be at work on them.
    private var forgotten: [(request: WorldBucket.Request, due: Int64, isSlow: Bool)] = []
    /// Faults happen; without it everything comes to its end.
    private(set) var isDisturbed = true
    private var faultsOfHundred = 0
    /// The kinds of faults that this world knows, a bit each.
    private var faultKinds = 0
    /// Whether deaths come while something is on its way, and whether processes are told to end.
    private var isHasty = false
    private var isDraining = false
    /// One in so many writes that nobody waits for is lost.
    private(set) var lostWrites = 0
    /// Of uploads whose rows were lost with the power.
    private(set) var lostKeys: Set<Int> = []
    /// Steps until something dies.
    private var fuse = Int.max

    /// One `sluice`; its number is that of the instance in its rows.
    struct Process {
        let isJournalSlow: Bool
        var isAlive = true
        /// Its writer answers nothing any more.
        var isJournalStuck = false
        var isDraining = false
    }

    /// What happened, so that a test can tell that enough did.
    package struct Tally: Sendable {
        package var created = 0
        package var refused = 0
        package var crashes = 0
        package var powerLosses = 0
        package var recovered = 0
        package var puts = 0
        package var objects = 0
        package var steps = 0

        package init() {}
    }

    /// The rules of recovery. A test breaks them, to see that it is noticed.
    package struct Rules: Sendable {
        package var first: @Sendable (UploadLife.State, _ knowsUploadID: Bool, _ knowsSize: Bool)
            -> UploadLife.RecoveryStep
        package var next: @Sendable (UploadLife.RecoveryPhase, UploadLife.StoreAnswer) -> UploadLife.RecoveryStep

        package init() {
            first = { UploadLife.recovery(of: $0, knowsUploadID: $1, knowsSize: $2) }
            next = { UploadLife.recovery($0, answered: $1) }
        }
    }

    package init(_ choices: WorldChoices, rules: Rules = Rules(), isTracing: Bool = false) {
        self.choices = choices
        self.rules = rules
        self.isTracing = isTracing
    }

    // MARK: - The run

    package func run() {
        begin()
        var steps = 0
        while steps < Self.stepsMax, violations.isEmpty, !choices.areOver {
            steps += 1
            if !step() {
                if fuse == .max { break }
                fuse = 0
            }
            checkPromises()
        }
        tally.steps = steps
        if violations.isEmpty { settle() }
        tally.objects = bucket.objects.count
        // The uploads point at this world, and are let go with it.
        recoveries = []
    }

    private func begin() {
        // Worlds differ in what goes wrong: where everything does at once, much is never reached.
        faultsOfHundred = [0, 10, 30, 60][choices.roll(4)]
        faultKinds = choices.roll(3) == 0 ? 255 : choices.roll(256)
        isHasty = choices.roll(3) == 0
        isDraining = choices.roll(4) == 0
        lostWrites = [80, 80, 6][choices.roll(3)]
        if choices.roll(4) > 0 { fuse = choices.roll(45) }
        processes.append(makeProcess())
        addUpload(process: 0)
        switch choices.roll(6) {
        case 0: addUpload(process: 0)
        case 1, 2:
            processes.append(makeProcess())
            addUpload(process: 1)
        default: break
        }
    }

    private func addUpload(process: Int) {
        let isChunked = choices.roll(3) == 0
        var policy = UploadPolicy(uploadBytesMax: 50, partBytes: 20)
        policy.openBytes = 10
        policy.withheldBytesMax = 12
        policy.strategy = [.multipart, .put, .auto][choices.roll(3)]
        // One in a dozen is no image, one in a dozen too long.
        let magic = choices.isOne(in: 12) ? "GIF88a" : "GIF89a"
        let total = isChunked && choices.isOne(in: 4) ? 45 + choices.roll(12) : 6 + choices.roll(44)
        var body = [UInt8](magic.utf8)
        while body.count < total { body.append(UInt8(truncatingIfNeeded: body.count &* 7 &+ uploads.count)) }
        uploads.append(
            WorldUpload(
                world: self, key: uploads.count, instance: process, body: body, isChunked: isChunked, policy: policy))
    }

    /// - Returns: false when there is nothing left to do.
    private func step() -> Bool {
        if fuse == 0 {
            die()
            return true
        }
        if fuse != .max { fuse -= 1 }
        switch choices.roll(40) {
        case 0:
            record.synchronise()
            return true
        case 1:
            let process = choices.roll(processes.count)
            guard processes[process].isAlive, !processes[process].isDraining else { return true }
            processes[process].isJournalStuck = choices.roll(4) == 0
            return true
        case 5 where isDraining:
            let process = choices.roll(processes.count)
            if processes[process].isAlive, !processes[process].isDraining { drain(process) }
            return true
        case 2, 3, 4:
            // The deadline of a whole request seldom comes before what can happen at once.
            let isPatient = !choices.isOne(in: 12)
            return isPatient && passTime(upTo: now + Self.patienceMilliseconds) || act() || passTime()
        default:
            // What has just not come may come with another chance: only then the clock goes on.
            return act() || act() || act() || passTime()
        }
    }

    /// Something that can happen at once.
    private func act() -> Bool {
        let count = uploads.count + recoveries.count + 1
        let first = choices.roll(count)
        for turn in 0 ..< count {
            let index = (first + turn) % count
            let isDone: Bool
            if index < uploads.count {
                isDone = processes[uploads[index].instance].isAlive && uploads[index].act()
            } else if index - uploads.count < recoveries.count {
                isDone = recoveries[index - uploads.count].act()
                dropSettled()
            } else {
                isDone = landForgotten()
            }
            if isDone { return true }
        }
        return false
    }

    private func dropSettled() {
        guard recoveries.contains(where: \.isSettled) else { return }
        tally.recovered += 1
        recoveries.removeAll { $0.isSettled }
    }

    /// Time goes on to the next timer, where that is not too far.
    private func passTime(upTo latest: Int64 = .max - 1) -> Bool {
        var next = Int64.max
        for upload in uploads where processes[upload.instance].isAlive { next = min(next, upload.nextDue) }
        for recovery in recoveries { next = min(next, recovery.due ?? .max) }
        for row in handedOver { next = min(next, row.due) }
        for request in forgotten { next = min(next, request.due) }
        guard next <= latest else { return false }
        now = max(now, next)
        while let index = forgotten.firstIndex(where: { $0.due <= now }) { land(index) }
        for upload in uploads where processes[upload.instance].isAlive && upload.nextDue <= now { upload.fire() }
        for recovery in recoveries { recovery.fire() }
        while let index = handedOver.firstIndex(where: { $0.due <= now }) {
            let (imageID, process, _) = handedOver.remove(at: index)
            if let row = record.row(imageID) { recover(imageID, row, by: process) }
        }
        return true
    }

    // MARK: - Death, and what comes after

    private func die() {
        fuse = choices.roll(3) == 0 ? choices.roll(30) : .max
        if choices.roll(3) == 0 {
            let kept = choices.roll(record.unsynchronisedCount + 1)
            note("the power is lost, with \(kept) of \(record.unsynchronisedCount) writes")
            tally.powerLosses += 1
            for process in processes.indices { kill(process) }
            record.losePower(kept: kept)
            for upload in uploads where !record.rows.contains(where: { $0?.key == upload.key }) {
                lostKeys.insert(upload.key)
            }
            // The rules take it that no deletion outlasts a machine's start: `UploadLife.barrier(before:)`.
            while let index = forgotten.firstIndex(where: { $0.request.isDeletion }) { land(index) }
        } else {
            let alive = processes.indices.filter { processes[$0].isAlive }
            guard !alive.isEmpty else { return }
            let process = alive[choices.roll(alive.count)]
            note("process \(process) is killed")
            tally.crashes += 1
            kill(process)
        }
        start()
    }

    private func kill(_ process: Int) {
        guard processes[process].isAlive else { return }
        processes[process].isAlive = false
        for upload in uploads where upload.instance == process { upload.forget() }
        recoveries.removeAll { $0.instance == process }
        handedOver.removeAll { $0.process == process }
    }

    /// A new process takes over what the dead have left, and may have an upload of its own.
    private func start() {
        processes.append(makeProcess())
        let process = processes.count - 1
        note("process \(process) starts")
        for (index, row) in record.rows.enumerated() {
            if let row, !processes[row.instance].isAlive { recover(Int64(index + 1), row, by: process) }
        }
        if isDisturbed, uploads.count < 3, choices.roll(3) == 0 { addUpload(process: process) }
    }

    private func recover(_ imageID: Int64, _ row: WorldRecord.Row, by process: Int) {
        guard !row.state.isSettled, !recoveries.contains(where: { $0.imageID == imageID }) else { return }
        recoveries.append(WorldRecovery(world: self, imageID: imageID, row: row, by: process))
        dropSettled()
    }

    /// An upload has ended without settling its row: its own process recovers it.
    func handOver(_ imageID: Int64, process: Int) {
        handedOver.append((imageID, process, now + Self.handOverMilliseconds))
    }

    /// SIGTERM: what is not done is refused, and what is being undone goes on for a while.
    private func drain(_ process: Int) {
        note("process \(process) is told to end")
        processes[process].isDraining = true
        for upload in uploads where upload.instance == process { upload.cancel(.storeUnavailable) }
    }

    /// The store is well, nothing dies, every process ends, and one that is new settles what they left.
    private func settle() {
        isDisturbed = false
        note("from now on all is well")
        for process in processes.indices { processes[process].isJournalStuck = false }
        var steps = 0
        while violations.isEmpty, act() || passTime() {
            steps += 1
            guard steps < Self.settlingStepsMax else { return violate("uploads do not come to an end") }
            checkPromises()
        }
        for process in processes.indices { kill(process) }
        start()
        while violations.isEmpty, act() || passTime() {
            steps += 1
            guard steps < 2 * Self.settlingStepsMax else { return violate("recovery does not settle") }
            checkPromises()
        }
        if violations.isEmpty { checkEnd() }
    }

    // MARK: - What others ask of it

    /// Whether the writer of a process commits nothing now.
    func isJournalStuck(_ process: Int) -> Bool {
        processes[process].isJournalStuck || isDisturbed && processes[process].isJournalSlow && choices.roll(6) > 0
    }

    private func makeProcess() -> Process { Process(isJournalSlow: choices.roll(3) == 0) }

    enum Fault {
        case none, unreached, refused, forbidden, running, answerLost, failedAfter, sentTwice
    }

    func rollFault() -> Fault {
        guard isDisturbed, choices.roll(100) < faultsOfHundred else { return .none }
        let kind = choices.roll(8)
        guard faultKinds & 1 << kind != 0 else { return .none }
        if choices.roll(3) == 0 { shortenFuse(to: 8) }
        return switch kind {
        case 0: .unreached
        case 1: .refused
        case 2: .forbidden
        case 3, 4: .running
        case 5: .answerLost
        case 6: .failedAfter
        default: .sentTwice
        }
    }

    /// A death soon after a fault, or while something that counts is on its way, is what tries the rules most.
    func shortenFuse(to steps: Int) {
        if isDisturbed, isHasty, fuse != .max { fuse = min(fuse, choices.roll(steps)) }
    }

    func perform(
        _ request: WorldBucket.Request, isRecovery: Bool = false, isUnheard: Bool = false
    ) -> WorldBucket.Reply {
        if isRecovery { checkHarm(request) }
        return bucket.perform(request, isUnknowable: isUnheard)
    }

    /// The sender is gone; the store may have got the request, and takes its time.
    func forget(_ request: WorldBucket.Request, isAccepted: Bool = false) {
        guard !request.changesNothing, choices.roll(isAccepted ? 4 : 2) > 0 else { return }
        let due = now + Int64(1 + choices.roll(request.millisecondsMax))
        forgotten.append((request, due, isSlow: choices.roll(2) == 0))
        if case .complete(let uploadID, _) = request, choices.roll(2) == 0 { bucket.keepBusy(uploadID) }
    }

    private func landForgotten() -> Bool {
        guard let index = forgotten.firstIndex(where: { !$0.isSlow }), choices.roll(4) == 0 else { return false }
        land(index)
        return true
    }

    private func land(_ index: Int) {
        let request = forgotten.remove(at: index).request
        note("the store carries out \(request), which nobody waits for")
        _ = bucket.perform(request, isUnknowable: true)
    }

    func note(_ line: @autoclosure () -> String) {
        if isTracing { trace.append("\(now) " + line()) }
    }

    func violate(_ what: String) {
        note("VIOLATION: \(what)")
        violations.append(what)
    }
}
