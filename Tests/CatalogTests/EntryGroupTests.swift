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

    private func states() throws -> [Int64: String] {
        var found: [Int64: String] = [:]
        let columns = "state, ifnull(stored_ms, '-'), ifnull(upload_id, '-'), ifnull(expires_ms, '-'), updated_ms"
        let select = try connection.prepare("SELECT id, \(columns) FROM uploads")
        while try select.step() {
            found[select.integer(0)] = (1 ... 5).compactMap { select.text($0) }.joined(separator: " ")
        }
        return found
    }

    @Test(arguments: [nil, 1_000] as [Int64?])
    func `uploads that end together end each at its own time, and no other with them`(_ expiry: Int64?) throws {
        let statements = try CatalogStatements(
            connection, unregisteredMilliseconds: expiry, idempotency: IdempotencyLimits())
        for number in 1 ... 300 {
            _ = try perform([.opening(CatalogFixture.opening(number))])
            _ = try perform([.completing(Int64(number), size: 1, uploadID: "u")])
        }
        var expected = try states()
        var rest = Array(Int64(1) ... 300)
        // A fixed disorder: neighbours, gaps, and ids that are further from each other than a statement reaches.
        var step = 7
        for count in [1, 2, 3, 4, 7, 8, 9, 16, 17, 40, 90] {
            var entries: [JournalEntry] = []
            for _ in 0 ..< count {
                step = (step &* 31 &+ 11) % rest.count
                let row = rest.remove(at: step)
                entries.append(.stored(row, at: 5_000 + row))
                let until = expiry.map { "\(5_000 + row + $0)" } ?? "-"
                expected[row] = "stored \(5_000 + row) - \(until) 1"
            }
            let requests = entries.map { JournalRequest(entry: $0, replyTo: nil, tag: 0) }
            var results: [JournalResult] = []
            try statements.perform(
                Array(0 ..< count), of: requests[...], on: connection, instance: "i", now: 1, into: &results)
            #expect(results == entries.map { .committed(imageID: $0.row ?? 0) })
            #expect(try states() == expected)
        }
    }

    @Test func `an end that may not be written is a conflict, and none passes by what is said before it`() throws {
        for number in 1 ... 8 { _ = try perform([.opening(CatalogFixture.opening(number))]) }
        for row in Int64(1) ... 6 { _ = try perform([.completing(row, size: 1)]) }
        let results = try perform([
            .stored(1, at: 5), .aborting(2), .stored(2, at: 6), .stored(3, at: 7), .stored(99, at: 8),
            .completing(7, size: 3), .stored(7, at: 9), .stored(4, at: 10), .stored(4, at: 11), .stored(8, at: 12),
        ])
        let conflict = JournalResult.failed(.conflict)
        #expect(results == [
            .committed(imageID: 1), .committed(imageID: 2), conflict, .committed(imageID: 3), conflict,
            .committed(imageID: 7), .committed(imageID: 7), .committed(imageID: 4), conflict, conflict,
        ])
        let found = try states()
        #expect([1, 2, 3, 4, 5, 7, 8].map { found[$0] } == [
            "stored 5 - - 1", "aborting - - - 1", "stored 7 - - 1", "stored 10 - - 1", "completing - - - 1",
            "stored 9 - - 1", "opening - - - 1",
        ])
    }
}
