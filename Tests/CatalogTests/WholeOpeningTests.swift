@testable import Catalog
import Database
import Gateway
import Testing

/// Rows that begin with `completing`: those of bodies that were whole before anything was asked of the store.
@Suite(.timeLimit(.minutes(2))) struct WholeOpeningTests {
    private let fixture: CatalogFixture

    init() throws { fixture = try CatalogFixture() }

    private func whole(_ number: Int, _ bytes: Int64 = 9) -> JournalEntry {
        .opening(CatalogFixture.opening(number, fileBytes: bytes))
    }

    @Test func `the row has its size and says completing from the first, and goes on as any that says so`() throws {
        let catalog = try fixture.open()
        let ends: [(JournalEntry, UploadLife.State?)] = [
            (.stored(0, at: 5), .stored), (.aborting(0), .aborting), (.gone(0), nil),
        ]
        for (number, (end, state)) in ends.enumerated() {
            guard case .committed(let id) = try fixture.perform(whole(number, 12_345), on: catalog) else {
                Issue.record("it is not written")
                return
            }
            let row = try catalog.row(id)
            #expect(row?.state == .completing && row?.size == 12_345 && row?.filename == "\(number).jpg")
            #expect(row?.recordToken == "token-\(number)" && row?.instance == catalog.instanceID)
            #expect(row?.uploadID == nil && row?.stored == nil && row?.registered == nil)
            #expect(try fixture.perform(.uploadID(id, "u"), on: catalog) == .failed(.conflict))
            #expect(try fixture.perform(.completing(id, size: 1), on: catalog) == .failed(.conflict))
            #expect(try catalog.row(id)?.size == 12_345)
            #expect(try fixture.perform(end.named(id), on: catalog) == .committed(imageID: id))
            #expect(try catalog.row(id)?.state == state)
        }
        catalog.close()
    }

    @Test func `it is in the file when it is answered, and recovery finds it by its size`() throws {
        let catalog = try fixture.open()
        #expect(try fixture.perform(whole(1, 77), on: catalog) == .committed(imageID: 1))
        let reader = CatalogReader(path: fixture.path)
        let rows = try reader.unfinished(of: catalog.instanceID, after: 0, limit: 9)
        #expect(rows.map(\.imageID) == [1] && rows.first?.state == .completing && rows.first?.size == 77)
        catalog.close()
    }

    /// On the statements themselves: how entries come together is chance otherwise.
    @Test func `among others in one statement each row begins as its own record says`() throws {
        try fixture.open().close()
        let connection = try DatabaseConnection(path: fixture.path, access: .creating)
        defer { connection.close() }
        let statements = try CatalogStatements(
            connection, unregisteredMilliseconds: nil, idempotency: IdempotencyLimits())
        var number = 0
        for count in 0 ..< 20 {
            for pattern in [0, 1, 0b0101_0011, -1] {
                var expected: [String] = []
                let entries = (0 ..< count).map { place in
                    number += 1
                    let isWhole = pattern >> (place % 8) & 1 == 1
                    let bytes = isWhole ? Int64(number) * 3 : nil
                    let record = CatalogFixture.opening(number, fileBytes: bytes)
                    expected.append("\(record.key) \(isWhole ? "completing" : "opening") \(bytes ?? -1)")
                    return JournalRequest(entry: .opening(record), replyTo: nil, tag: 0)
                }
                var results: [JournalResult] = []
                try statements.perform(
                    Array(0 ..< count), of: entries[...], on: connection, instance: "i", now: 1, into: &results)
                let found = try results.map { result in
                    guard case .committed(let id) = result else { return "\(result)" }
                    let columns = "key || ' ' || state || ' ' || ifnull(size, -1)"
                    return try connection.text("SELECT \(columns) FROM uploads WHERE id = \(id)") ?? "no row"
                }
                #expect(found == expected)
            }
        }
        #expect(try connection.integer("SELECT count(*) FROM uploads") == Int64(number))
    }

    @Test func `one whose commit was in doubt is withdrawn, and nobody else's`() throws {
        try fixture.open().close()
        let connection = try DatabaseConnection(path: fixture.path, access: .creating)
        defer { connection.close() }
        let statements = try CatalogStatements(
            connection, unregisteredMilliseconds: nil, idempotency: IdempotencyLimits())
        func perform(_ entry: JournalEntry, instance: String = "i") throws {
            _ = try statements.perform(entry, on: connection, instance: instance, now: 1)
        }
        for number in 1 ... 3 { try perform(whole(number)) }
        try perform(whole(4), instance: "other")
        try perform(.stored(3, at: 1))
        for token in ["token-1", "token-3", "token-4"] { try statements.withdraw(recordToken: token, instance: "i") }
        var left: [Int64] = []
        let select = try connection.prepare("SELECT id FROM uploads ORDER BY id")
        while try select.step() { left.append(select.integer(0)) }
        #expect(left == [2, 3, 4])
    }

    @Test func `while the record cannot be written it fails, and leaves no row`() throws {
        let catalog = try fixture.open()
        let blocker = try DatabaseConnection(path: fixture.path, access: .creating)
        try blocker.execute("BEGIN IMMEDIATE")
        guard case .failed(.unavailable) = try fixture.perform(whole(1), on: catalog) else {
            Issue.record("it is answered as written")
            return
        }
        try blocker.execute("ROLLBACK")
        CatalogFixture.eventually { catalog.health == .ok }
        #expect(try catalog.row(1) == nil)
        #expect(try fixture.perform(whole(2), on: catalog) == .committed(imageID: 1))
        catalog.close()
    }
}
