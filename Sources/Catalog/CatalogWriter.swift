internal import Database
internal import Gateway
internal import Linux
internal import Logging
internal import Reactor

/// The one thread that writes: takes what waits, commits it in groups, answers, and looks after the log.
///
/// When a commit fails, the entries that somebody waits for are answered as failed, the lazy ones are kept for later,
/// and the writer tries again by itself, at most once in `retryMilliseconds`.
final class CatalogWriter {
    private let configuration: CatalogConfiguration
    private let logger: Logger
    private let queue: JournalQueue
    private let status: CatalogStatus
    private let file: CatalogFile
    private var instance: CatalogInstance?
    let instanceID: String

    private var waiters = 0.0
    /// Uploads of this process between their first and their last write, whoever makes that one. Those that nobody
    /// settles are forgotten at the next rest, or when there are too many.
    private var underWay: Set<Int64> = []
    /// What a synced transaction has taken, the mean over the last few.
    private var syncMicroseconds = CatalogLimits.cheapSyncMicroseconds
    private var batch: [JournalRequest] = []
    private var groups = JournalGroups()
    private var results: [JournalResult] = []
    /// Lazy entries that could not be written yet.
    private var deferred: [JournalRequest] = []
    /// Whether a line has said, in this trouble, that no more of them can be kept.
    private var hasToldOfLoss = false
    /// Openings that were answered as failed and may be in the file.
    private var uncertainTokens: [String] = []
    private var trouble: CatalogTrouble?
    /// The disk was full, and it is not proven yet that there is room again. What is under way is written meanwhile, as
    /// far as it can be; uploads are not let in.
    private var shortage: CatalogTrouble?
    private var retryAt: Int64 = 0
    /// The length of the log at which the next checkpoint is due; nil: set by the next commit.
    private var checkpointAtPages: Int?
    /// When keys that are too old are looked for next.
    private var tidyAt: Int64
    /// Never signalled: a place to sleep for a while.
    private let pause: EventDescriptor

    init(
        path: String, configuration: CatalogConfiguration, logger: Logger, queue: JournalQueue, status: CatalogStatus
    ) throws(CatalogError) {
        self.configuration = configuration
        self.logger = logger
        self.queue = queue
        self.status = status
        tidyAt = Clock.monotonicMilliseconds() + configuration.idempotency.tidyMilliseconds
        do {
            file = try CatalogFile(path: path, configuration: configuration)
        } catch {
            throw CatalogError(path: path, reason: error.reason, remedy: error.remedy)
        }
        for line in CatalogInspection.wideRights(path: path) { logger.warning("\(line)") }
        do {
            pause = try EventDescriptor()
            let taken = try CatalogInstance(directory: file.directory)
            instanceID = taken.id
            instance = consume taken
        } catch {
            let trouble = CatalogTrouble(error, directory: file.directory)
            throw CatalogError(path: path, reason: trouble.reason, remedy: trouble.remedy)
        }
    }

    /// Works until the queue is closed and empty.
    func run() {
        while true {
            let gather = gatherMilliseconds
            // What is written while nobody waits costs a single client no time.
            let linger = gather > 0 ? CatalogLimits.lingerMilliseconds : 0
            let arrival = queue.take(
                into: &batch, timeoutMilliseconds: timeout, gatherMilliseconds: gather, enough: gatheredEnough,
                lingerMilliseconds: linger)
            status.begins()
            defer { status.ends() }
            switch arrival {
            case .requests:
                noteWaiters()
                if isInTrouble { tryAgainWhenDue() }
                write(batch)
                tidyKeysWhenDue()
                checkpointWhenLong()
            case .timeout:
                if isInTrouble { tryAgainWhenDue() } else { rest() }
            case .closed:
                return finish()
            }
        }
    }

    private var gatherMilliseconds: Int32 {
        guard waiters >= CatalogLimits.gatherWaitersMin else { return 0 }
        let wanted = Int32(clamping: underWay.count / CatalogLimits.gatherUploadsPerMillisecond)
        return min(max(wanted, CatalogLimits.gatherMilliseconds), CatalogLimits.gatherMillisecondsMax)
    }

    private var gatheredEnough: Int {
        let missing = underWay.count / CatalogLimits.gatherUploadsPerMissing
        return max(underWay.count - missing, CatalogLimits.gatherEnoughMin)
    }

    /// Keeps the mean, over the last few batches, of how many uploads wait for one.
    private func noteWaiters() {
        var count = 0.0
        for request in batch where request.replyTo != nil { count += 1 }
        waiters += (count - waiters) / 8
    }

    private var timeout: Int32? {
        if isInTrouble { return Int32(clamping: max(retryAt - Clock.monotonicMilliseconds(), 1)) }
        if file.walPages > 0 { return configuration.idleMilliseconds }
        return Int32(clamping: max(tidyAt - Clock.monotonicMilliseconds(), 1))
    }

    /// Nothing was asked for a while.
    private func rest() {
        underWay.removeAll(keepingCapacity: true)
        waiters = 0
        tidyKeysWhenDue()
        if !isInTrouble, file.walPages > 0 { checkpoint() }
    }

    private func tidyKeysWhenDue() {
        let start = Clock.monotonicMilliseconds()
        guard !isInTrouble, start >= tidyAt else { return }
        var leavesSome = false
        do {
            try file.transact(.normal) { (statements, connection) throws(DatabaseError) in
                leavesSome = try statements.keys.tidy(now: Clock.wallMilliseconds(), on: connection)
            }
        } catch {
            begin(error)
        }
        let pause = configuration.idempotency.tidyMilliseconds
        tidyAt = start + (leavesSome ? min(pause, Self.nextStepMilliseconds) : pause)
    }

    /// Between two steps of what is too much for one.
    private static let nextStepMilliseconds: Int64 = 250

    // MARK: - Writing

    private func write(_ requests: [JournalRequest]) {
        var rest = requests[...]
        while !rest.isEmpty {
            let slice = rest.prefix(CatalogLimits.batchEntriesMax)
            rest = rest.dropFirst(slice.count)
            groups.sort(slice, syncIsCheap: syncMicroseconds < CatalogLimits.cheapSyncMicroseconds)
            write(groups.unsynced, of: slice, isSynced: false)
            write(groups.synced, of: slice, isSynced: true)
        }
    }

    private func write(_ positions: [Int], of requests: ArraySlice<JournalRequest>, isSynced: Bool) {
        guard !positions.isEmpty else { return }
        if let trouble { return fail(positions, of: requests, trouble, isUncertain: false) }
        do {
            try commit(positions, of: requests, isSynced: isSynced)
        } catch {
            if error.isRefusal { return writeApart(positions, of: requests, isSynced: isSynced) }
            begin(error)
            fail(positions, of: requests, error, isUncertain: error.isCommitUncertain)
        }
    }

    /// One of the entries cannot be written, now or later: each is written for itself, so that it alone fails. It is
    /// not kept, lazy or not; it would be found in every later batch again.
    private func writeApart(_ positions: [Int], of requests: ArraySlice<JournalRequest>, isSynced: Bool) {
        var refusal: CatalogTrouble?
        var isAnyWritten = false
        for position in positions {
            if let trouble {
                fail([position], of: requests, trouble, isUncertain: false)
                continue
            }
            do {
                try commit([position], of: requests, isSynced: isSynced)
                isAnyWritten = true
            } catch {
                if error.isRefusal {
                    refusal = error
                    refuse(requests[position], error)
                } else {
                    begin(error)
                    fail([position], of: requests, error, isUncertain: error.isCommitUncertain)
                }
            }
        }
        // Where nothing at all could be written it may be the connection after all.
        if let refusal, !refusal.isRuleOfSchema, !isAnyWritten, trouble == nil { begin(refusal) }
    }

    private func refuse(_ request: JournalRequest, _ trouble: CatalogTrouble) {
        logger.error(
            "\(file.path) refuses a write: \(trouble.reason); \(trouble.remedy)",
            metadata: ["image_id": "\(request.entry.row ?? 0)", "write": "\(request.entry.name)"])
        if request.replyTo != nil {
            answer(request, .failed(.unavailable(trouble.reason)))
        } else {
            status.leave(request.entry)
        }
    }

    /// Writes entries in one transaction and answers them.
    private func commit(
        _ positions: [Int], of requests: ArraySlice<JournalRequest>, isSynced: Bool
    ) throws(CatalogTrouble) {
        // Each transaction is a new stretch of work: many on a slow disk are no standstill.
        status.begins()
        let now = Clock.wallMilliseconds()
        let start = Clock.monotonicMicroseconds()
        try file.transact(isSynced ? .full : .normal) { (statements, connection) throws(DatabaseError) in
            try statements.perform(
                positions, of: requests, on: connection, instance: instanceID, now: now, into: &results)
        }
        if isSynced {
            syncMicroseconds += (Double(Clock.monotonicMicroseconds() - start) - syncMicroseconds) / 8
        }
        if checkpointAtPages == nil { checkpointAtPages = file.walPages + CatalogLimits.walPagesMax }
        for (position, result) in zip(positions, results) {
            let request = requests[position]
            noteUpload(request.entry, result)
            answer(request, result)
        }
    }

    private func noteUpload(_ entry: JournalEntry, _ result: JournalResult) {
        if case .opening = entry, case .committed(let imageID) = result {
            if underWay.count >= CatalogLimits.underWayMax { underWay.removeAll(keepingCapacity: true) }
            underWay.insert(imageID)
        } else if entry.isLast, let row = entry.row {
            underWay.remove(row)
        }
    }

    private func fail(
        _ positions: [Int], of requests: ArraySlice<JournalRequest>, _ trouble: CatalogTrouble, isUncertain: Bool
    ) {
        for position in positions {
            let request = requests[position]
            if request.replyTo == nil {
                keepForLater(request)
            } else {
                if isUncertain, case .opening(let record) = request.entry,
                    uncertainTokens.count < CatalogLimits.uncertainOpeningsMax
                {
                    uncertainTokens.append(record.recordToken)
                }
                answer(request, .failed(.unavailable(trouble.reason)))
            }
        }
    }

    private func keepForLater(_ request: JournalRequest) {
        guard deferred.count < configuration.deferredEntriesMax else {
            status.leave(request.entry)
            if !hasToldOfLoss {
                hasToldOfLoss = true
                logger.error("\(file.path): more writes wait than can be kept; recovery will settle their uploads")
            }
            return
        }
        deferred.append(request)
    }

    private func answer(_ request: JournalRequest, _ result: JournalResult) {
        guard let mailbox = request.replyTo else {
            if case .failed(.conflict) = result {
                logger.warning(
                    "the record is not in a state for this write",
                    metadata: ["image_id": "\(request.entry.row ?? 0)", "write": "\(request.entry.name)"])
            }
            return
        }
        let answer = JournalAnswer(tag: request.tag, result: result)
        for _ in 0 ..< CatalogLimits.answerAttemptsMax {
            if mailbox.post(answer) { return }
            pause.wait(timeoutMilliseconds: CatalogLimits.answerPauseMilliseconds)
        }
        logger.error("an answer found no room in its mailbox", metadata: ["tag": "\(request.tag)"])
    }

    // MARK: - Trouble

    private var isInTrouble: Bool { trouble != nil || shortage != nil }

    private func begin(_ new: CatalogTrouble) {
        let isNews = (trouble ?? shortage)?.remedy != new.remedy
        trouble = new
        if case .room = new.cure { shortage = new }
        show(new)
        // One trouble is one line, however often and wherever it is met again.
        if isNews { logger.error("\(file.path) cannot be written: \(new.reason); \(new.remedy)") }
    }

    private func show(_ trouble: CatalogTrouble) {
        var pause = configuration.retryMilliseconds
        if case .soundness = trouble.cure { pause = configuration.soundnessMilliseconds }
        retryAt = Clock.monotonicMilliseconds() + pause
        status.set(.failing(reason: trouble.reason, remedy: trouble.remedy))
    }

    private func tryAgainWhenDue() {
        guard isInTrouble, Clock.monotonicMilliseconds() >= retryAt else { return }
        if let old = trouble {
            do {
                switch old.cure {
                case .proof, .room: try file.proveWritable()
                case .reopening: try file.reopen(afterDamage: false)
                case .soundness: try file.reopen(afterDamage: true)
                }
                try withdrawUncertainOpenings()
            } catch {
                return begin(error.after(old))
            }
            trouble = nil
            checkpointAtPages = nil
            let kept = deferred
            deferred = []
            hasToldOfLoss = false
            write(kept)
            guard trouble == nil else { return }
        }
        if let old = shortage {
            do {
                try file.proveRoom()
            } catch {
                if case .room = error.cure { return show(old) }
                return begin(error)
            }
            shortage = nil
        }
        status.set(.ok)
        logger.notice("\(file.path) can be written again")
    }

    /// Their senders were told that they failed, and nobody will ever speak of them again.
    private func withdrawUncertainOpenings() throws(CatalogTrouble) {
        guard !uncertainTokens.isEmpty else { return }
        try file.transact(.full) { (statements, _) throws(DatabaseError) in
            for token in uncertainTokens { try statements.withdraw(recordToken: token, instance: instanceID) }
        }
        uncertainTokens = []
    }

    // MARK: - The log

    private func checkpointWhenLong() {
        guard trouble == nil, let checkpointAtPages, file.walPages >= checkpointAtPages else { return }
        checkpoint()
    }

    private func checkpoint() {
        // Counted anew from the next commit: a reader may keep the log from being begun anew, and then each batch
        // would find it long.
        checkpointAtPages = nil
        do {
            try file.checkpoint()
        } catch {
            begin(error)
        }
    }

    private func finish() {
        if isInTrouble {
            retryAt = 0
            tryAgainWhenDue()
        }
        if !deferred.isEmpty {
            logger.error("\(file.path): \(deferred.count) writes were not kept; recovery will settle their uploads")
        }
        if trouble == nil {
            do {
                try file.checkpointForGood()
            } catch {
                logger.warning("\(file.path): the log was not copied at the end: \(error.reason)")
            }
        }
        file.close()
        instance.take()?.release()
    }
}
