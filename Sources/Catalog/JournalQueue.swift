internal import Linux
internal import Reactor
internal import Synchronization

/// An entry on its way to the writer.
struct JournalRequest: Sendable {
    let entry: JournalEntry
    /// Where the answer goes; nil: nobody waits for it.
    let replyTo: Mailbox<JournalAnswer>?
    let tag: UInt64
}

/// The bounded queue into the writer thread. A mailbox whose receiver can also wait for a while only: the writer has
/// things of its own to do, which come due when nothing is asked of it.
final class JournalQueue: Sendable {
    enum Arrival {
        case requests
        /// The time passed without any.
        case timeout
        /// Closed, and none is left.
        case closed
    }

    private struct State {
        var requests: [JournalRequest] = []
        /// How many of them somebody waits for.
        var awaitedCount = 0
        var isClosed = false
        /// What the writer sleeps for; `never` while it does not sleep. Whoever posts then need not wake it.
        var wanted = Wanted.never

        var hasWanted: Bool {
            isClosed || requests.count >= wanted.entries || awaitedCount >= wanted.awaited
        }
    }

    /// So many entries, or so many that somebody waits for.
    private struct Wanted {
        var entries: Int
        var awaited: Int

        static let never = Wanted(entries: .max, awaited: .max)
        static let any = Wanted(entries: 1, awaited: 1)
        /// What nobody waits for makes a transaction of its own when it is enough for one.
        static func awaited(_ count: Int) -> Wanted { Wanted(entries: CatalogLimits.batchEntriesMax, awaited: count) }
    }

    private let capacity: Int
    private let state = Mutex(State())
    private let arrival: EventDescriptor

    init(capacity: Int) throws(SystemError) {
        self.capacity = capacity
        arrival = try EventDescriptor()
    }

    /// From any thread; `false` when the queue is full or closed.
    ///
    /// The last eighth is kept for what nobody waits for: those are the ends of uploads that were let in before, and
    /// their senders cannot say no to anybody any more. The eighth before that is for the uploads' own steps, so that
    /// requests about records, on which no upload depends, leave a quarter as those do that are not let in.
    func post(_ request: JournalRequest) -> Bool {
        let kept = request.replyTo == nil ? 0 : request.entry.state == nil ? capacity / 4 : capacity / 8
        let capacity = capacity - kept
        let (isTaken, wakes) = state.withLock { state in
            guard !state.isClosed, state.requests.count < capacity else { return (false, false) }
            state.requests.append(request)
            if request.replyTo != nil { state.awaitedCount += 1 }
            guard state.hasWanted else { return (true, false) }
            state.wanted = .never
            return (true, true)
        }
        if wakes { arrival.signal() }
        return isTaken
    }

    func close() {
        state.withLock { $0.isClosed = true }
        arrival.signal()
    }

    /// How many wait.
    var count: Int { state.withLock { $0.requests.count } }

    /// Waits, at most so long (nil: without end), and exchanges all requests for the emptied storage of `batch`.
    ///
    /// What nobody waits for lingers for `lingerMilliseconds` before it is a reason to return: the next that somebody
    /// waits for takes it along.
    ///
    /// - Parameter gatherMilliseconds: for how long nothing is looked at, and nobody who posts has to wake anybody;
    ///   0: not at all.
    /// - Parameter enough: so many that somebody waits for end that.
    func take(
        into batch: inout [JournalRequest], timeoutMilliseconds: Int32?, gatherMilliseconds: Int32 = 0,
        enough: Int = .max, lingerMilliseconds: Int32 = 0
    ) -> Arrival {
        batch.removeAll(keepingCapacity: true)
        if gatherMilliseconds > 0 { sleep(until: .awaited(enough), milliseconds: gatherMilliseconds) }
        guard sleep(until: .any, milliseconds: timeoutMilliseconds) else { return .timeout }
        if lingerMilliseconds > 0 { sleep(until: .awaited(1), milliseconds: lingerMilliseconds) }
        state.withLock { state in
            swap(&state.requests, &batch)
            state.awaitedCount = 0
        }
        return batch.isEmpty ? .closed : .requests
    }

    /// Whether what is wanted is there, or the end; `false`: the time is over.
    @discardableResult
    private func sleep(until wanted: Wanted, milliseconds: Int32?) -> Bool {
        let deadline = milliseconds.map { Clock.monotonicMilliseconds() + Int64($0) }
        while true {
            let isThere = state.withLock { state in
                state.wanted = wanted
                guard state.hasWanted else { return false }
                state.wanted = .never
                return true
            }
            if isThere { return true }
            // A signal may be left over from a sleep that its time had ended before.
            let rest = deadline.map { Int32(clamping: $0 - Clock.monotonicMilliseconds()) }
            guard rest ?? 1 > 0, arrival.wait(timeoutMilliseconds: rest) else {
                return state.withLock { state in
                    // Whoever came in between has taken the wish back with the signal.
                    state.wanted = wanted
                    defer { state.wanted = .never }
                    return state.hasWanted
                }
            }
        }
    }
}
