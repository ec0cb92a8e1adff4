@testable import Catalog
import Testing

@Suite struct JournalGroupsTests {
    private func groups(_ entries: [JournalEntry]) -> (unsynced: [Int], synced: [Int]) {
        var groups = JournalGroups()
        // Left over from an earlier batch: must not count.
        groups.sort([JournalRequest(entry: .completing(9, size: 1), replyTo: nil, tag: 0)])
        groups.sort(entries.map { JournalRequest(entry: $0, replyTo: nil, tag: 0) }[...])
        return (groups.unsynced, groups.synced)
    }

    private let opening = JournalEntry.opening(CatalogFixture.opening())

    @Test func `only completing waits for the disk`() {
        let (unsynced, synced) = groups([
            opening, .completing(1, size: 1), .uploadID(2, "u"), .stored(3, at: 1), .completing(4, size: 1), .gone(9),
        ])
        #expect(unsynced == [0, 2, 3, 5])
        #expect(synced == [1, 4])
    }

    @Test func `what follows a synced write to the same row stays behind it`() {
        let (unsynced, synced) = groups([
            .uploadID(1, "u"), .completing(1, size: 1), .aborting(2), .aborting(1), .gone(1), opening,
        ])
        #expect(unsynced == [0, 2, 5])
        #expect(synced == [1, 3, 4])
    }
}
