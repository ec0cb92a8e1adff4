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
        let (isTaken, isNews) = state.withLock { state in
            guard !state.isClosed, state.requests.count < capacity else { return (false, false) }
            state.requests.append(request)
            let count = state.requests.count
            guard request.replyTo != nil else { return (true, count == 1 || count == Self.lingeringEntriesMax) }
            state.awaitedCount += 1
            return (true, state.awaitedCount == 1)
        }
        if isNews { arrival.signal() }
        return isTaken
    }

    /// So many entries make a transaction of their own, whoever waits for them.
    private static let lingeringEntriesMax = CatalogLimits.batchEntriesMax

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
    /// - Parameter gatherMilliseconds: how long others are waited for once the first has come that somebody waits for;
    ///   0: not at all.
    func take(
        into batch: inout [JournalRequest], timeoutMilliseconds: Int32?, gatherMilliseconds: Int32 = 0,
        lingerMilliseconds: Int32 = 0
    ) -> Arrival {
        batch.removeAll(keepingCapacity: true)
        var mustGather = gatherMilliseconds > 0
        var mayLinger = lingerMilliseconds > 0
        while true {
            let (count, awaitedCount, isClosed) = state.withLock { state in
                (state.requests.count, state.awaitedCount, state.isClosed)
            }
            if count > 0, !isClosed {
                // Only the first request, the first that is waited for, and the end signal: a pause that a signal ends
                // was not yet the whole of it.
                if mayLinger, awaitedCount == 0, count < Self.lingeringEntriesMax {
                    mayLinger = arrival.wait(timeoutMilliseconds: lingerMilliseconds)
                    continue
                }
                if mustGather, awaitedCount > 0 {
                    mustGather = arrival.wait(timeoutMilliseconds: gatherMilliseconds)
                    continue
                }
            }
            if count > 0 {
                state.withLock { state in
                    swap(&state.requests, &batch)
                    state.awaitedCount = 0
                }
                return .requests
            }
            if isClosed { return .closed }
            if !arrival.wait(timeoutMilliseconds: timeoutMilliseconds) { return .timeout }
        }
    }
}
