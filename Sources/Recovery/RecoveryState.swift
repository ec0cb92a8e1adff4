package import Gateway

/// One row that is to be settled.
package struct RecoveryRow: Equatable, Sendable {
    package let imageID: Int64
    package let key: String
    package let recordToken: String
    package let uploadID: String?
    package let size: Int64?
    package let state: UploadLife.State
    /// The process that made it; nil for rows that are nobody's but the record's: those whose time has come.
    package let instance: String?

    package init(
        imageID: Int64, key: String, recordToken: String, uploadID: String?, size: Int64?, state: UploadLife.State,
        instance: String?
    ) {
        self.imageID = imageID
        self.key = key
        self.recordToken = recordToken
        self.uploadID = uploadID
        self.size = size
        self.state = state
        self.instance = instance
    }

    package var kind: RecoveryState.Kind { instance == nil ? .due : .left }
}

/// What recovery does next, and with which row: the decisions of all rows in hand together.
///
/// Each row walks the steps of ``UploadLife``; here is only when. Times are milliseconds of a monotonic clock.
package struct RecoveryState: Sendable {
    package enum Command: Equatable, Sendable {
        case ask(UploadLife.RecoveryPhase, RecoveryRow)
        case write(UploadLife.State, RecoveryRow)
    }

    /// What became of a write.
    package enum Writing: Equatable, Sendable {
        case committed
        /// The record cannot be written now.
        case failed
        /// The row is gone, or somebody else has settled it.
        case conflict
    }

    /// How a row ended.
    package enum Fate: String, CaseIterable, Sendable {
        /// Its object was there whole.
        case stored
        /// Nothing is left of it.
        case aborted
        /// Its time had come; object and row are gone.
        case expired
        /// Somebody else was first, or its expiry was lifted.
        case passedOver = "passed_over"
    }

    package struct Settlement: Equatable, Sendable {
        package let row: RecoveryRow
        package let fate: Fate
        /// The store did not say, often enough, what else is open under the key, or did not let go of it: that is the
        /// sweep's.
        package let leavesOthers: Bool

        package init(row: RecoveryRow, fate: Fate, leavesOthers: Bool = false) {
            self.row = row
            self.fate = fate
            self.leavesOthers = leavesOthers
        }
    }

    /// What a row is in hand for. Each kind has half of the room, and neither shuts the other out: a store that deletes
    /// nothing keeps its images in hand for good, and one that aborts nothing its uploads.
    package enum Kind: CaseIterable, Sendable {
        /// It was left by an upload.
        case left
        /// It is an image whose time has come.
        case due
    }

    private enum Doing: Equatable {
        case ask(UploadLife.RecoveryPhase)
        case write(UploadLife.State)
    }

    private struct Entry {
        let row: RecoveryRow
        var doing: Doing
        var attempt = 0
        /// Steps so far that led to another at once.
        var steps = 0
        /// When it is its turn; nil: it is under way or in line.
        var wakeAt: Int64?
        /// It waits after an answer that settled nothing.
        var isKept = false
        /// What else may be open under its key is left to the sweep.
        var leavesOthers = false
    }

    private let limits: RecoveryLimits
    private var entries: [Int64: Entry] = [:]
    /// Rows in hand of each process.
    private var counts: [String: Int] = [:]
    /// Rows that wait after an answer that settled nothing: those whose time has come, and all.
    private var keptDueCount = 0
    package private(set) var keptCount = 0
    /// Ids in line, first come first served.
    private var asks = Line()
    private var writes = Line()
    private var asking = 0
    /// Thousandths of a request.
    private var allowance: Int64
    private var countedAt: Int64?
    private var earliestWake = Int64.max

    package init(limits: RecoveryLimits = RecoveryLimits()) {
        self.limits = limits
        allowance = limits.requestsPerSecondMax * 1_000
    }

    /// Rows in hand.
    package var count: Int { entries.count }

    package func count(_ kind: Kind) -> Int {
        kind == .due ? count(of: nil) : entries.count - count(of: nil)
    }

    /// Rows of this kind that wait after an answer that settled nothing.
    package func keptCount(_ kind: Kind) -> Int { kind == .due ? keptDueCount : keptCount - keptDueCount }

    /// Whether another page of rows may be read.
    package func hasRoom(for kind: Kind) -> Bool { count(kind) + limits.pageRowsMax <= mostRows(kind) }

    private func mostRows(_ kind: Kind) -> Int {
        let half = limits.rowsMax / 2
        return kind == .due ? half : limits.rowsMax - half
    }

    /// Whether every row of this kind that is in hand has had an answer that settled nothing, and waits.
    package func isQuiet(_ kind: Kind) -> Bool { keptCount(kind) == count(kind) }

    /// The same of all rows.
    package var isQuiet: Bool { keptCount == entries.count }

    /// Rows in hand of one process; nil: those whose time has come.
    package func count(of instance: String?) -> Int { counts[instance ?? ""] ?? 0 }

    /// Takes a row in hand.
    ///
    /// - Parameter notBefore: its first request waits until then.
    /// - Returns: false where it is in hand already, or there is no room, or nothing to do.
    @discardableResult
    package mutating func adopt(_ row: RecoveryRow, notBefore: Int64? = nil) -> Bool {
        let kind = row.kind
        guard entries[row.imageID] == nil, count(kind) < mostRows(kind), let doing = Self.first(row) else {
            return false
        }
        counts[row.instance ?? "", default: 0] += 1
        var entry = Entry(row: row, doing: doing)
        if let notBefore {
            entry.wakeAt = notBefore
            earliestWake = min(earliestWake, notBefore)
            entries[row.imageID] = entry
        } else {
            enqueue(entry)
        }
        return true
    }

    private static func first(_ row: RecoveryRow) -> Doing? {
        // Only what is due is handed in like this.
        if row.state == .stored { return .write(.expiring) }
        let step = UploadLife.recovery(
            of: row.state, knowsUploadID: row.uploadID != nil, knowsSize: row.size != nil)
        guard case .send(let phase) = step else { return nil }
        return .ask(phase)
    }

    /// The next thing to do, as far as may be done at once; nil: ask again after an answer, or at ``nextWake(now:)``.
    ///
    /// - Parameter mayAsk: whether the store can be asked at all.
    package mutating func next(now: Int64, mayAsk: Bool = true) -> Command? {
        wake(now)
        refill(now)
        while let id = writes.takeFirst() {
            if let entry = entries[id], case .write(let state) = entry.doing { return .write(state, entry.row) }
        }
        while mayAsk, asking < limits.requestsAtOnceMax, allowance >= 1_000, let id = asks.takeFirst() {
            guard let entry = entries[id], case .ask(let phase) = entry.doing else { continue }
            asking += 1
            allowance -= 1_000
            return .ask(phase, entry.row)
        }
        return nil
    }

    /// When there may be something to do without an answer; nil: not before one.
    package func nextWake(now: Int64) -> Int64? {
        var due = earliestWake
        // Something in line that only the rate holds up.
        if !asks.isEmpty, asking < limits.requestsAtOnceMax { due = min(due, now + Self.rateMilliseconds) }
        return due == .max ? nil : due
    }

    private static let rateMilliseconds: Int64 = 20

    /// - Parameter random: a number from 0 to the given one.
    /// - Returns: whether the answer settled nothing, and the row waits.
    @discardableResult
    package mutating func answered(
        _ imageID: Int64, _ answer: UploadLife.StoreAnswer, now: Int64, random: (Int64) -> Int64
    ) -> Bool {
        asking -= 1
        guard var entry = entries[imageID], case .ask(let phase) = entry.doing else { return false }
        switch UploadLife.recovery(phase, answered: answer) {
        case .send(let next):
            entry.doing = .ask(next)
            entry.attempt = 0
            entry.steps += 1
            guard entry.steps > limits.stepsMax else {
                enqueue(entry)
                break
            }
            switch UploadLife.givingUp(next) {
            case .write(let state):
                entry.leavesOthers = true
                write(state, &entry)
            case .send(let other):
                entry.leavesOthers = true
                entry.doing = .ask(other)
                enqueue(entry)
            case .retryLater, .recheckLater, .settled:
                wait(&entry, until: now + pause(entry.steps - limits.stepsMax, random))
            }
        case .write(let state): write(state, &entry)
        case .retryLater(let next):
            entry.attempt += 1
            entry.doing = .ask(next)
            let isOver = entry.attempt >= limits.patienceAttemptsMax
            switch isOver ? UploadLife.givingUp(next) : .retryLater(next) {
            case .write(let state):
                entry.leavesOthers = true
                write(state, &entry)
            case .send(let other):
                entry.leavesOthers = next == .listingDenied || next == .abortingDenied
                entry.doing = .ask(other)
                entry.attempt = 0
                fallthrough
            case .retryLater, .recheckLater, .settled: wait(&entry, until: now + pause(entry.attempt, random))
            }
        case .recheckLater(let next):
            entry.doing = .ask(next)
            entry.attempt = 0
            wait(&entry, until: now + UploadLife.putMillisecondsMax)
        case .settled: drop(entry)
        }
        return entries[imageID]?.isKept ?? false
    }

    private mutating func write(_ state: UploadLife.State, _ entry: inout Entry) {
        entry.doing = .write(state)
        entry.attempt = 0
        enqueue(entry)
    }

    /// - Returns: how the row ended, where it did.
    package mutating func written(
        _ imageID: Int64, _ outcome: Writing, now: Int64, random: (Int64) -> Int64
    ) -> Settlement? {
        guard var entry = entries[imageID], case .write(let state) = entry.doing else { return nil }
        switch outcome {
        case .conflict:
            drop(entry)
            return Settlement(row: entry.row, fate: .passedOver)
        case .failed:
            entry.attempt += 1
            wait(&entry, until: now + pause(entry.attempt, random))
            return nil
        case .committed:
            guard state != .expiring else {
                entry.doing = .ask(.deleting)
                entry.attempt = 0
                enqueue(entry)
                return nil
            }
            drop(entry)
            return Settlement(
                row: entry.row, fate: Self.fate(state, of: entry.row), leavesOthers: entry.leavesOthers)
        }
    }

    /// The rows that wait after an answer that settled nothing.
    package func kept() -> [RecoveryRow] {
        entries.values.filter(\.isKept).map(\.row).sorted { $0.imageID < $1.imageID }
    }

    private static func fate(_ state: UploadLife.State, of row: RecoveryRow) -> Fate {
        if state == .stored { return .stored }
        return row.state == .stored || row.state == .expiring ? .expired : .aborted
    }

    private func pause(_ attempt: Int, _ random: (Int64) -> Int64) -> Int64 {
        let shift = min(max(attempt - 1, 0), 20)
        // Full jitter, but never at once: what was just answered is not otherwise yet.
        return 1 + random(min(limits.retryCapMilliseconds, limits.retryBaseMilliseconds << Int64(shift)))
    }

    private mutating func wait(_ entry: inout Entry, until time: Int64) {
        keep(&entry, true)
        entry.wakeAt = time
        earliestWake = min(earliestWake, time)
        entries[entry.row.imageID] = entry
    }

    private mutating func enqueue(_ entry: Entry) {
        var entry = entry
        keep(&entry, false)
        entry.wakeAt = nil
        entries[entry.row.imageID] = entry
        line(entry)
    }

    private mutating func line(_ entry: Entry) {
        switch entry.doing {
        case .ask: asks.append(entry.row.imageID)
        case .write: writes.append(entry.row.imageID)
        }
    }

    private mutating func keep(_ entry: inout Entry, _ isKept: Bool) {
        guard entry.isKept != isKept else { return }
        entry.isKept = isKept
        let change = isKept ? 1 : -1
        keptCount += change
        if entry.row.kind == .due { keptDueCount += change }
    }

    private mutating func drop(_ entry: Entry) {
        var entry = entry
        keep(&entry, false)
        entries[entry.row.imageID] = nil
        let instance = entry.row.instance ?? ""
        counts[instance] = count(of: instance) > 1 ? count(of: instance) - 1 : nil
    }

    private mutating func wake(_ now: Int64) {
        guard now >= earliestWake else { return }
        earliestWake = .max
        var woken: [Int64] = []
        for (id, entry) in entries {
            guard let due = entry.wakeAt else { continue }
            if due <= now { woken.append(id) } else { earliestWake = min(earliestWake, due) }
        }
        for id in woken.sorted() {
            guard var entry = entries[id] else { continue }
            entry.wakeAt = nil
            entries[id] = entry
            line(entry)
        }
    }

    private mutating func refill(_ now: Int64) {
        let passed = min(max(now - (countedAt ?? now), 0), 1_000)
        countedAt = now
        allowance = min(
            allowance + passed * limits.requestsPerSecondMax, limits.requestsPerSecondMax * 1_000)
    }
}

/// Ids in the order in which they came.
private struct Line: Sendable {
    private var ids: [Int64] = []
    private var start = 0

    var isEmpty: Bool { start == ids.count }

    mutating func append(_ id: Int64) { ids.append(id) }

    mutating func takeFirst() -> Int64? {
        guard start < ids.count else { return nil }
        let id = ids[start]
        start += 1
        // The storage is moved up now and then, not for each.
        if start == ids.count || start >= 1_024 {
            ids.removeFirst(start)
            start = 0
        }
        return id
    }
}
