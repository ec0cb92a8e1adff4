@testable import Catalog
import Database
import Foundation
import Gateway
import Linux
import Testing

@Suite(.timeLimit(.minutes(2))) struct CatalogReaderTests {
    private let fixture: CatalogFixture

    init() throws { fixture = try CatalogFixture() }

    private var reader: CatalogReader { CatalogReader(path: fixture.path) }
    private var directory: String { fixture.directory.path }

    private func stored(_ number: Int, on catalog: Catalog, at milliseconds: Int64 = 1_000) throws -> Int64 {
        let id = try fixture.open(number, on: catalog)
        for entry in [
            JournalEntry.uploadID(id, "u"), .completing(id, size: 5), .stored(id, at: milliseconds),
        ] {
            #expect(try fixture.perform(entry, on: catalog) == .committed(imageID: id))
        }
        return id
    }

    // MARK: unfinished rows

    @Test func `finds the unfinished rows of each process in pages`() throws {
        let first = try fixture.open()
        let second = try fixture.open()
        var ids: [Int64] = []
        for number in 0 ..< 5 { ids.append(try fixture.open(number, on: first)) }
        let other = try fixture.open(9, on: second)
        _ = try stored(10, on: first)
        #expect(try Set(reader.instances(limit: 10)) == [first.instanceID, second.instanceID])
        #expect(try reader.instances(limit: 1).count == 1)
        let page = try reader.unfinished(of: first.instanceID, after: 0, limit: 3)
        #expect(page.map(\.imageID) == Array(ids.prefix(3)))
        let rest = try reader.unfinished(of: first.instanceID, after: page[2].imageID, limit: 3)
        #expect(rest.map(\.imageID) == Array(ids.suffix(2)))
        #expect(rest.first == (try first.row(ids[3])))
        #expect(try reader.unfinished(of: second.instanceID, after: 0, limit: 3).map(\.imageID) == [other])
        #expect(try reader.unfinished(ids: [other, 999, ids[0], 7]).map(\.imageID) == [other, ids[0]])
        first.close()
        second.close()
    }

    @Test func `knows the keys and tokens of unfinished rows alone`() throws {
        let catalog = try fixture.open()
        _ = try fixture.open(1, on: catalog)
        _ = try stored(2, on: catalog)
        let keys = (1 ... 3).map { CatalogFixture.opening($0).key }
        #expect(try reader.unfinishedNames(among: Set(keys)) == [keys[0]])
        #expect(try reader.unfinishedNames(among: ["token-1", "token-2", "token-3"]) == ["token-1"])
        catalog.close()
    }

    @Test func `a file that is not there is an error with a remedy`() {
        #expect(throws: CatalogError.self) { try reader.instances(limit: 1) }
    }

    @Test func `the looks use their indexes`() throws {
        let catalog = try fixture.open()
        defer { catalog.close() }
        let connection = try DatabaseConnection(path: fixture.path, access: .readingOnly)
        for (query, index) in [
            ("SELECT DISTINCT instance FROM uploads WHERE stored_ms IS NULL ORDER BY instance", "uploads_unfinished"),
            ("SELECT * FROM uploads WHERE stored_ms IS NULL AND instance = 'a' AND id > 1 ORDER BY id",
                "uploads_unfinished"),
            ("SELECT key FROM uploads WHERE stored_ms IS NULL", "uploads_unfinished"),
            ("SELECT * FROM uploads WHERE expires_ms IS NOT NULL AND expires_ms <= 5 ORDER BY expires_ms",
                "uploads_due"),
        ] {
            let plan = try connection.prepare("EXPLAIN QUERY PLAN " + query)
            var lines: [String] = []
            while try plan.step() { lines.append(plan.text(3) ?? "") }
            #expect(lines.contains { $0.contains(index) }, "\(query): \(lines)")
            #expect(!lines.contains { $0.contains("TEMP B-TREE") }, "\(query): \(lines)")
        }
    }

    // MARK: expiry

    @Test func `images expire from the end of their upload on, where they do at all`() throws {
        let never = try fixture.open()
        #expect(try never.row(stored(1, on: never))?.expires == nil)
        never.close()
        let catalog = try fixture.open { $0.unregisteredMilliseconds = 500 }
        let id = try stored(2, on: catalog, at: 1_000)
        #expect(try catalog.row(id)?.expires == 1_500)
        #expect(try reader.due(at: 1_499, limit: 9).isEmpty)
        #expect(try reader.due(at: 1_500, limit: 9).map(\.imageID) == [id])
        catalog.close()
    }

    @Test func `an image expires when its time has come and not before, and only once`() throws {
        let catalog = try fixture.open { $0.unregisteredMilliseconds = 500 }
        let id = try stored(1, on: catalog, at: 1_000)
        #expect(try fixture.perform(.expiring(id, at: 1_499), on: catalog) == .failed(.conflict))
        #expect(try catalog.row(id)?.state == .stored)
        #expect(try fixture.perform(.expiring(id, at: 1_500), on: catalog) == .committed(imageID: id))
        #expect(try catalog.row(id)?.state == .expiring)
        #expect(try fixture.perform(.expiring(id, at: 9_999), on: catalog) == .failed(.conflict))
        // It is found whatever is set by now.
        #expect(try reader.due(at: 0, limit: 9).map(\.imageID) == [id])
        #expect(try fixture.perform(.gone(id), on: catalog) == .committed(imageID: id))
        #expect(try catalog.row(id) == nil)
        catalog.close()
    }

    @Test func `what was lifted never expires`() throws {
        let catalog = try fixture.open { $0.unregisteredMilliseconds = 500 }
        let id = try stored(1, on: catalog, at: 1_000)
        let connection = try DatabaseConnection(path: fixture.path, access: .creating)
        try connection.execute("UPDATE uploads SET expires_ms = NULL WHERE id = \(id)")
        connection.close()
        #expect(try fixture.perform(.expiring(id, at: 9_999), on: catalog) == .failed(.conflict))
        #expect(try reader.due(at: .max, limit: 9).isEmpty)
        #expect(try catalog.row(id)?.state == .stored)
        catalog.close()
    }

    @Test func `the earliest are due first`() throws {
        let catalog = try fixture.open { $0.unregisteredMilliseconds = 500 }
        let late = try stored(1, on: catalog, at: 3_000)
        let early = try stored(2, on: catalog, at: 1_000)
        let begun = try stored(3, on: catalog, at: 2_000)
        #expect(try fixture.perform(.expiring(begun, at: 2_500), on: catalog) == .committed(imageID: begun))
        #expect(try reader.due(at: 9_999, limit: 9).map(\.imageID) == [begun, early, late])
        #expect(try reader.due(at: 9_999, limit: 2).map(\.imageID) == [begun, early])
        catalog.close()
    }

    @Test func `a record of the first version gets its new index`() throws {
        var old: DatabaseConnection? = try DatabaseConnection(path: fixture.path, access: .creating)
        try old?.migrate(applicationID: CatalogSchema.applicationID, [CatalogSchema.migrations[0]])
        try old?.execute(
            """
            INSERT INTO uploads (key, owner, content_type, size, state, record_token, instance, created_ms, updated_ms,
            stored_ms) VALUES ('users/7/images/1-a.png', '7', 'image/png', 3, 'stored', 't', 'i', 1, 1, 2)
            """)
        old?.close()
        old = nil
        let again = try fixture.open()
        #expect(try again.row(1)?.state == .stored)
        #expect(try reader.due(at: .max, limit: 9).isEmpty)
        again.close()
    }

    // MARK: claims

    @Test func `the rows of the living and of those in hand cannot be claimed`() throws {
        let catalog = try fixture.open()
        #expect(try InstanceClaim.take(catalog.instanceID, directory: directory) == nil)
        #expect(try !InstanceClaim.isDead(catalog.instanceID, directory: directory))
        let claim = try #require(try InstanceClaim.take("deaddeaddeaddead", directory: directory))
        #expect(claim.instance == "deaddeaddeaddead")
        #expect(try InstanceClaim.take("deaddeaddeaddead", directory: directory) == nil)
        #expect(try !InstanceClaim.isDead("deaddeaddeaddead", directory: directory))
        catalog.close()
    }

    @Test func `a claim that has ended can be taken by another, and leaves no file when it is done`() throws {
        func takeAndLeave(_ isDone: Bool) throws -> Bool {
            guard let claim = try InstanceClaim.take("deaddeaddeaddead", directory: directory) else { return false }
            if isDone { claim.removeFile() }
            return true
        }
        #expect(try takeAndLeave(false))
        #expect(fixture.instanceFiles() == ["deaddeaddeaddead.lock"])
        #expect(try InstanceClaim.isDead("deaddeaddeaddead", directory: directory))
        #expect(try takeAndLeave(true))
        #expect(fixture.instanceFiles().isEmpty)
        #expect(try InstanceClaim.isDead("deaddeaddeaddead", directory: directory))
        #expect(fixture.instanceFiles().isEmpty)
    }

    @Test func `a lock on a file that another has removed meanwhile is none`() throws {
        let path = directory + "/instances/deaddeaddeaddead.lock"
        try Files.makeDirectories(directory + "/instances")
        let before = try FileLock(path)
        try Files.unlink(path)
        #expect(try before.lock(withinMilliseconds: 0))
        #expect(try !before.isAt(path))
        let claim = try #require(try InstanceClaim.take("deaddeaddeaddead", directory: directory))
        #expect(try !before.isAt(path))
        withExtendedLifetime(claim) {}
    }

    @Test(arguments: ["", "..", "../x", "a/b", "DEAD", "a\u{0}b", String(repeating: "a", count: 65)])
    func `an id that is no name of ours is never claimed`(instance: String) throws {
        #expect(try InstanceClaim.take(instance, directory: directory) == nil)
        #expect(try !InstanceClaim.isDead(instance, directory: directory))
    }
}
