@testable import Catalog
import Gateway
import Reactor
import Testing

@Suite struct JournalGroupsTests {
    private let opening = JournalEntry.opening(CatalogFixture.opening())
    private let mailbox: Mailbox<JournalAnswer>

    init() throws { mailbox = try Mailbox(capacity: 1) }

    private func sort(_ requests: [JournalRequest], syncIsCheap: Bool = false) -> [[Int]] {
        var groups = JournalGroups()
        // What an earlier batch held must not count.
        groups.sort([JournalRequest(entry: .completing(9, size: 1), replyTo: nil, tag: 0)], syncIsCheap: false)
        groups.sort(requests[...], syncIsCheap: syncIsCheap)
        return [groups.unsynced, groups.synced]
    }

    private func lazy(_ entry: JournalEntry) -> JournalRequest { JournalRequest(entry: entry, replyTo: nil, tag: 0) }

    private func awaited(_ entry: JournalEntry) -> JournalRequest {
        JournalRequest(entry: entry, replyTo: mailbox, tag: 0)
    }

    @Test func `an opening does not wait for the disk of a completing`() {
        #expect(sort([
            awaited(opening), awaited(.completing(1, size: 1)), lazy(.uploadID(2, "u")), lazy(.stored(3, at: 1)),
            awaited(.completing(4, size: 1)), lazy(.gone(9)),
        ]) == [[0, 2, 3, 5], [1, 4]])
    }

    @Test func `an opening of a whole body is synced before it is answered, as its completing would be`() {
        let whole = JournalEntry.opening(CatalogFixture.opening(2, fileBytes: 9))
        #expect(whole.durability == .machine && opening.durability == .process)
        #expect(whole.state == .completing && opening.state == .opening)
        #expect(sort([awaited(opening), awaited(whole), lazy(.stored(3, at: 1)), awaited(opening), awaited(whole)])
            == [[0, 2, 3], [1, 4]])
        #expect(sort([awaited(whole), lazy(.stored(3, at: 1))]) == [[], [0, 1]])
        #expect(sort([awaited(opening), awaited(whole)], syncIsCheap: true) == [[], [0, 1]])
    }

    @Test func `where syncing is cheap one transaction has all, and none is synced without need`() {
        let requests = [awaited(opening), awaited(.completing(1, size: 1)), lazy(.uploadID(2, "u"))]
        #expect(sort(requests, syncIsCheap: true) == [[], [0, 1, 2]])
        #expect(sort([awaited(opening), lazy(.uploadID(2, "u"))], syncIsCheap: true) == [[0, 1], []])
    }

    @Test func `what follows a synced write to the same row stays behind it`() {
        #expect(sort([
            lazy(.uploadID(1, "u")), awaited(.completing(1, size: 1)), lazy(.aborting(2)), lazy(.aborting(1)),
            lazy(.gone(1)), awaited(opening),
        ]) == [[0, 2, 5], [1, 3, 4]])
    }

    @Test func `what nobody waits for makes no transaction of its own`() {
        #expect(sort([lazy(.uploadID(1, "u")), awaited(.completing(1, size: 1)), lazy(.stored(2, at: 1))])
            == [[], [0, 1, 2]])
        #expect(sort([lazy(.uploadID(1, "u")), lazy(.stored(2, at: 1))]) == [[0, 1], []])
        #expect(sort([]) == [[], []])
    }
}
