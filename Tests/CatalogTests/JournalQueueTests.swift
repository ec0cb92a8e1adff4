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

    private func awaited() { #expect(queue.post(JournalRequest(entry: .look(1), replyTo: mailbox, tag: 0))) }

    private func take(
        timeoutMilliseconds: Int32? = nil, gatherMilliseconds: Int32 = 0, enough: Int = .max,
        lingerMilliseconds: Int32 = 0
    ) -> (JournalQueue.Arrival, Int) {
        var batch: [JournalRequest] = []
        let arrival = queue.take(
            into: &batch, timeoutMilliseconds: timeoutMilliseconds, gatherMilliseconds: gatherMilliseconds,
            enough: enough, lingerMilliseconds: lingerMilliseconds)
        return (arrival, batch.count)
    }

    /// Takes on another thread, and acts here once that one sleeps; how many it got. One that does not sleep has got
    /// what there was before.
    private func take(
        gatherMilliseconds: Int32 = 0, enough: Int = .max, lingerMilliseconds: Int32 = 0, whenItSleeps act: () -> Void
    ) throws -> Int {
        let place = Mutex("")
        let taken = Mutex<Int?>(nil)
        let thread = try Thread.start(name: "taker") {
            let own = (try? Files.readWhole("/proc/thread-self/stat", bytesMax: 4_096)) ?? []
            place.withLock { $0 = "/proc/self/task/\(String(decoding: own.prefix { $0 != 0x20 }, as: UTF8.self))/stat" }
            let count = take(
                gatherMilliseconds: gatherMilliseconds, enough: enough, lingerMilliseconds: lingerMilliseconds).1
            taken.withLock { $0 = count }
        }
        CatalogFixture.eventually {
            let stat = (try? Files.readWhole(place.withLock { $0 }, bytesMax: 4_096)) ?? []
            return taken.withLock { $0 } != nil || String(decoding: stat, as: UTF8.self).contains("(taker) S ")
        }
        act()
        thread.join()
        return taken.withLock { $0 } ?? 0
    }

    @Test func `what nobody waits for is taken along by what somebody waits for`() throws {
        // The signal of the first is left over, and must not end the pause.
        lazy()
        lazy()
        #expect(try take(lingerMilliseconds: Self.endless) { awaited() } == 3)
    }

    @Test func `gathering is not ended by the signal of the first`() throws {
        awaited()
        let count = try take(gatherMilliseconds: Self.endless) {
            awaited()
            queue.close()
        }
        #expect(count == 2)
    }

    @Test func `gathering is ended by as many as are enough, of those that somebody waits for`() throws {
        lazy()
        awaited()
        lazy()
        let count = try take(gatherMilliseconds: Self.endless, enough: 3) {
            awaited()
            lazy()
            awaited()
        }
        #expect(count == 6)
        for _ in 0 ..< 3 { awaited() }
        #expect(take(gatherMilliseconds: Self.endless, enough: 3) == (.requests, 3))
        for _ in 0 ..< CatalogLimits.batchEntriesMax { lazy() }
        #expect(take(gatherMilliseconds: Self.endless) == (.requests, CatalogLimits.batchEntriesMax))
    }

    @Test func `when the time for gathering is over, the first that comes is taken alone`() throws {
        #expect(try take(gatherMilliseconds: 1) { awaited() } == 1)
        lazy()
        #expect(take(gatherMilliseconds: 1) == (.requests, 1))
        #expect(take(timeoutMilliseconds: 1, gatherMilliseconds: 1) == (.timeout, 0))
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
