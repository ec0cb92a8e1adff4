import Linux
import Reactor
import Synchronization
import Testing

@testable import Catalog

@Suite(.timeLimit(.minutes(2))) struct JournalQueueTests {
    private let queue: JournalQueue
    private let mailbox: Mailbox<JournalAnswer>
    /// So long that a pause which nothing ends fails by the suite's time limit.
    private static let endless: Int32 = 1_000_000

    init() throws {
        queue = try JournalQueue(capacity: 1_024)
        mailbox = try Mailbox(capacity: 1)
    }

    private func lazy() { #expect(queue.post(JournalRequest(entry: .gone(1), replyTo: nil, tag: 0))) }

    private func awaited() {
        #expect(queue.post(JournalRequest(entry: .look(1), replyTo: mailbox, tag: 0)))
    }

    private func take(
        timeoutMilliseconds: Int32? = nil, gatherMilliseconds: Int32 = 0, lingerMilliseconds: Int32 = 0
    ) -> (JournalQueue.Arrival, Int) {
        var batch: [JournalRequest] = []
        let arrival = queue.take(
            into: &batch, timeoutMilliseconds: timeoutMilliseconds, gatherMilliseconds: gatherMilliseconds,
            lingerMilliseconds: lingerMilliseconds)
        return (arrival, batch.count)
    }

    @Test func `what nobody waits for is taken along by what somebody waits for`() throws {
        lazy()
        lazy()
        // The signal of the first is left over, and must not end the pause.
        let taken = Mutex(0)
        let thread = try Thread.start(name: "taker") {
            let count = take(lingerMilliseconds: Self.endless).1
            taken.withLock { $0 = count }
        }
        awaited()
        thread.join()
        #expect(taken.withLock { $0 } == 3)
    }

    @Test func `gathering is not ended by the signal of the first`() throws {
        awaited()
        let taken = Mutex(0)
        let thread = try Thread.start(name: "taker") {
            let count = take(gatherMilliseconds: Self.endless).1
            taken.withLock { $0 = count }
        }
        awaited()
        awaited()
        queue.close()
        thread.join()
        #expect(taken.withLock { $0 } == 3)
    }

    @Test func `what nobody waits for comes when its time is over, and when it is enough for a transaction`() {
        lazy()
        #expect(take(lingerMilliseconds: 1) == (.requests, 1))
        #expect(take(timeoutMilliseconds: 1, lingerMilliseconds: 1) == (.timeout, 0))
        for _ in 0 ..< CatalogLimits.batchEntriesMax { lazy() }
        #expect(take(lingerMilliseconds: Self.endless) == (.requests, CatalogLimits.batchEntriesMax))
    }

    @Test func `what somebody waits for does not linger, and the end waits for nothing`() {
        awaited()
        #expect(take(lingerMilliseconds: Self.endless) == (.requests, 1))
        lazy()
        queue.close()
        #expect(take(gatherMilliseconds: Self.endless, lingerMilliseconds: Self.endless) == (.requests, 1))
        #expect(take(lingerMilliseconds: Self.endless) == (.closed, 0))
    }
}
