import Catalog
import Foundation
import Linux
import Testing

@Suite(.timeLimit(.minutes(2))) struct CatalogInstanceTests {
    private let fixture: CatalogFixture

    init() throws { fixture = try CatalogFixture() }

    private func lockPath(_ id: String) -> String {
        fixture.directory.appendingPathComponent("instances/\(id).lock").path
    }

    private func canLock(_ id: String) throws -> Bool {
        guard let lock = try FileLock.tryLock(lockPath(id)) else { return false }
        _ = consume lock
        return true
    }

    @Test func `two on one database have ids and locks of their own, and both write`() throws {
        let first = try fixture.open { $0.busyMilliseconds = 1_000_000 }
        let second = try fixture.open { $0.busyMilliseconds = 1_000_000 }
        #expect(first.instanceID != second.instanceID)
        #expect(try !canLock(first.instanceID))
        #expect(try !canLock(second.instanceID))
        var ids: [Int64] = []
        for number in 0 ..< 100 {
            ids.append(try fixture.open(number * 2, on: first))
            ids.append(try fixture.open(number * 2 + 1, on: second))
        }
        #expect(ids == Array(1 ... 200))
        #expect(try second.row(1)?.instance == first.instanceID)
        first.close()
        #expect(fixture.instanceFiles() == [second.instanceID + ".lock"])
        #expect(try fixture.open(500, on: second) == 201)
        second.close()
    }

    @Test func `a start removes the locks of the dead and none of the living`() throws {
        let living = try fixture.open()
        try #require(FileManager.default.createFile(atPath: lockPath("feedfeedfeedfeed"), contents: nil))
        let starting = try fixture.open()
        #expect(Set(fixture.instanceFiles()) == [living.instanceID + ".lock", starting.instanceID + ".lock"])
        living.close()
        starting.close()
    }
}
