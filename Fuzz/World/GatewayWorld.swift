package import Gateway

/// Uploads, a bucket, a record and the processes between them, out of one seed or one script: the client's bytes in any
/// cut, answers of store and journal in any order, wrong, late or never, timers, shutdown, and the death of a process
/// or of the machine after any event, followed by the real rules of recovery; with a second process on the same record
/// and bucket.
///
/// What is real: `UploadExchange`, `UploadLife`, `FormIntake`, the rule of registration, and the states of an upload at
/// S3. What is played: their drivers, the bucket, the record, and time, which passes only where nothing else is chosen
/// to happen.
package final class GatewayWorld {
    /// More in memory, and the client is not read.
    static let windowBytes = 30
    static let effectsMax = 12
    static let writesMax = 6
    static let uploadsMax = 3
    static let processesMax = 4
    private static let stepsMax = 150
    private static let settlingStepsMax = 4_000
    static let patienceMilliseconds: Int64 = 5_000

    var choices: WorldChoices
    var record = WorldRecord()
    var bucket = WorldBucket()
    var now: Int64 = 0
    /// What has gone wrong, empty when every invariant held.
    package private(set) var violations: [String] = []
    package private(set) var trace: [String] = []
    package internal(set) var tally = Tally()
    private let isTracing: Bool
    let rules: Rules

    var processes: [Process] = []
    var uploads: [WorldUpload] = []
    var recoveries: [WorldRecovery] = []
    /// Rows that their living process did not settle, and when its recovery looks at them.
    var handedOver: [(imageID: Int64, process: Int, due: Int64)] = []
    /// Requests that nobody waits for, until when the store may be at work on them.
    var forgotten: [(request: WorldBucket.Request, due: Int64, isSlow: Bool)] = []
    /// Faults happen; without it everything comes to its end.
    private(set) var isDisturbed = true
    /// Images that a 201 has told of, and that are not deleted since; see ``checkPromises()``.
    var promised: [Int64] = []
    /// Images whose time was over, in that order.
    var expired: [Int64] = []

    // Of a seeded world alone: a script says when what happens.
    var faultsOfHundred = 0
    /// The kinds of faults that this world knows, a bit each.
    var faultKinds = 0
    /// Whether deaths come while something is on its way, and whether processes are told to end.
    var isHasty = false
    var isDraining = false
    /// One in so many writes that nobody waits for is lost.
    var lostWrites = 80
    /// Steps until something dies.
    var fuse = Int.max

    /// Of uploads whose rows were lost with the power.
    var lostKeys: Set<Int> = []

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
        package var replayed = 0
        package var crashes = 0
        package var powerLosses = 0
        package var recovered = 0
        package var puts = 0
        /// Rows that began with `completing`, and how often one was recovered.
        package var wholes = 0
        package var recoveredWholes = 0
        package var objects = 0
        package var expired = 0
        package var registered = 0
        package var forms = 0
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
        // What all worlds have a few of; growing from one would cost more than the events themselves.
        processes.reserveCapacity(Self.processesMax)
        uploads.reserveCapacity(Self.uploadsMax)
    }

    package func run() {
        begin()
        var steps = 0
        while steps < Self.stepsMax, violations.isEmpty {
            if choices.isScript {
                guard let step = choices.nextStep() else { break }
                steps += take(step)
            } else {
                steps += 1
                if !step() {
                    if fuse == .max { break }
                    fuse = 0
                }
            }
            checkPromises()
        }
        choices.end()
        tally.steps = steps
        if violations.isEmpty { settle() }
        tally.objects = bucket.objectCount
        // The uploads point at this world, and are let go with it.
        recoveries = []
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
        checkAnswers()
        for process in processes.indices { kill(process) }
        start()
        while violations.isEmpty, act() || passTime() {
            steps += 1
            guard steps < 2 * Self.settlingStepsMax else { return violate("recovery does not settle") }
            checkPromises()
        }
        if violations.isEmpty { checkEnd() }
    }

    func note(_ line: @autoclosure () -> String) {
        if isTracing { trace.append("\(now) " + line()) }
    }

    func violate(_ what: String) {
        note("VIOLATION: \(what)")
        violations.append(what)
    }
}
