@testable import Catalog
import Database
import Gateway
import Reactor
import Testing

/// What is performed in one transaction, on the statements themselves: how entries come together is chance otherwise.
@Suite struct EntryGroupTests {
    private let fixture: CatalogFixture
    private let connection: DatabaseConnection
    private let statements: CatalogStatements

    init() throws {
        fixture = try CatalogFixture()
        try fixture.open().close()
        connection = try DatabaseConnection(path: fixture.path, access: .creating)
        statements = try CatalogStatements(
            connection, unregisteredMilliseconds: nil, idempotency: IdempotencyLimits())
    }

    private func perform(_ entries: [JournalEntry], skipping skipped: Int = 0) throws -> [JournalResult] {
        let requests = entries.map { JournalRequest(entry: $0, replyTo: nil, tag: 0) }
        var results: [JournalResult] = [.image(nil)]
        try statements.perform(
            Array(skipped ..< entries.count), of: requests[...], on: connection, instance: "i", now: 1, into: &results)
        return results
    }

    private func key(_ result: JournalResult) throws -> String? {
        guard case .committed(let id) = result else { return nil }
        return try connection.text("SELECT key FROM uploads WHERE id = \(id)")
    }

    private func opening(_ number: Int, key: String) -> JournalEntry {
        let record = CatalogFixture.opening(number)
        return .opening(
            OpeningRecord(
                key: record.key, owner: record.owner, contentType: record.contentType, filename: record.filename,
                recordToken: record.recordToken, at: record.createdMilliseconds, idempotencyKey: key))
    }

    @Test func `of any number of openings each is answered with the id of its own row`() throws {
        var number = 0
        for count in 0 ..< 20 {
            let records = (0 ..< count).map { CatalogFixture.opening(number + $0) }
            number += count
            let results = try perform(records.map { .opening($0) })
            #expect(try results.map { try key($0) } == records.map(\.key))
            let row = try connection.integer("SELECT id FROM uploads ORDER BY id DESC")
            // The newest row goes, and its id is not given again.
            if let row { _ = try perform([.gone(row)]) }
        }
        #expect(try connection.integer("SELECT max(seq) FROM sqlite_sequence") == Int64(number))
        let columns = "owner || content_type || name || state || record_token || instance || created_ms || updated_ms"
        #expect(try connection.text("SELECT \(columns) FROM uploads WHERE record_token = 'token-150'")
            == "7image/jpeg150.jpgopeningtoken-150i17631144000001")
    }

    @Test func `openings pass by what is said of other rows, and keep their place where a key decides`() throws {
        let first = try perform([.opening(CatalogFixture.opening(1)), opening(2, key: "k")])
        #expect(try first.map { try key($0) } == [1, 2].map { CatalogFixture.opening($0).key })
        let results = try perform([
            .opening(CatalogFixture.opening(3)), .uploadID(1, "u"), opening(4, key: "k"), .aborting(2),
            .opening(CatalogFixture.opening(5)), opening(6, key: "k"), .gone(2), .gone(77),
            .opening(CatalogFixture.opening(7)),
        ], skipping: 1)
        #expect(results.count == 8)
        #expect(results[0] == .committed(imageID: 1))
        guard case .known(let known) = results[1] else {
            Issue.record("the key is still the first one's")
            return
        }
        #expect(known.image.imageID == 2)
        #expect(results[2] == .committed(imageID: 2) && results[5] == .committed(imageID: 2))
        #expect(results[6] == .failed(.conflict))
        #expect(try [3, 4, 7].map { try key(results[$0]) } == [5, 6, 7].map { CatalogFixture.opening($0).key })
        #expect(try connection.text("SELECT upload_id FROM uploads WHERE id = 1") == "u")
    }
}
