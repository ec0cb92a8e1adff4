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
        let count = state.withLock { state in
            guard !state.isClosed, state.requests.count < capacity else { return 0 }
            state.requests.append(request)
            return state.requests.count
        }
        if count == 1 { arrival.signal() }
        return count > 0
    }

    func close() {
        state.withLock { $0.isClosed = true }
        arrival.signal()
    }

    /// How many wait.
    var count: Int { state.withLock { $0.requests.count } }

    /// Waits, at most so long (nil: without end), and exchanges all requests for the emptied storage of `batch`.
    ///
    /// - Parameter gatherMilliseconds: how long others are waited for once the first has come; 0: not at all.
    func take(
        into batch: inout [JournalRequest], timeoutMilliseconds: Int32?, gatherMilliseconds: Int32 = 0
    ) -> Arrival {
        batch.removeAll(keepingCapacity: true)
        var mustGather = gatherMilliseconds > 0
        while true {
            if mustGather, count > 0 {
                mustGather = false
                // Only the first request and the end signal; a signal that was left over ends this early, once.
                arrival.wait(timeoutMilliseconds: gatherMilliseconds)
            }
            let isClosed = state.withLock { state in
                swap(&state.requests, &batch)
                return state.isClosed
            }
            if !batch.isEmpty { return .requests }
            if isClosed { return .closed }
            if !arrival.wait(timeoutMilliseconds: timeoutMilliseconds) { return .timeout }
        }
    }
}
