import Catalog
import Database
import Foundation
import Gateway
import Synchronization
import Testing

@Suite(.timeLimit(.minutes(2))) struct CatalogBackupTests {
    private let fixture: CatalogFixture

    init() throws { fixture = try CatalogFixture() }

    private func path(_ name: String) -> String { fixture.directory.appendingPathComponent(name).path }

    private func backup(
        _ name: String = "copy.sqlite", replaces: Bool = false, isInterrupted: () -> Bool = { false }
    ) throws -> CatalogBackup.Outcome? {
        try CatalogBackup(of: fixture.path, to: path(name), replaces: replaces).run(isInterrupted: isInterrupted)
    }

    private func refusal(_ name: String = "copy.sqlite", replaces: Bool = false) -> String {
        do {
            _ = try backup(name, replaces: replaces)
            return ""
        } catch {
            return "\(error)"
        }
    }

    private func leftovers() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: fixture.directory.path).filter { $0.contains("partial") }
    }

    /// An upload whose body is whole: those that have only begun are not copied.
    private func complete(_ number: Int, on catalog: Catalog) throws -> Int64 {
        let id = try fixture.open(number, on: catalog)
        #expect(try fixture.perform(.completing(id, size: 1), on: catalog) == .committed(imageID: id))
        return id
    }

    /// Recovery on a restored copy would delete the objects that they have become, which have been answered with 201.
    @Test func `uploads that have only begun are not in the copy, and all others are`() throws {
        let catalog = try fixture.open { $0.unregisteredMilliseconds = 1 }
        let ids = try (1 ... 6).map { try fixture.open($0, on: catalog) }
        let entries: [JournalEntry] = [
            .uploadID(ids[1], "u"), .completing(ids[2], size: 1), .completing(ids[3], size: 1), .stored(ids[3], at: 1),
            .aborting(ids[4]), .completing(ids[5], size: 1), .stored(ids[5], at: 1), .expiring(ids[5], at: 9),
        ]
        for entry in entries { _ = try fixture.perform(entry, on: catalog) }
        #expect(try backup()?.rows == 4)
        catalog.close()
        let restored = try Catalog(path: path("copy.sqlite"), logger: CatalogFixture.quiet)
        #expect(try ids.map { try restored.row($0)?.state } == [nil, nil, .completing, .stored, .aborting, .expiring])
        #expect(try fixture.open(7, on: restored) == 7)
        restored.close()
    }

    @Test func `a copy is one private file, and a catalog opens it`() throws {
        let catalog = try fixture.open()
        for number in 1 ... 50 { _ = try complete(number, on: catalog) }
        let outcome = try #require(try backup())
        #expect(outcome.rows == 50)
        #expect(fixture.size("copy.sqlite") == Int(outcome.bytes))
        #expect(fixture.size("copy.sqlite-wal") == nil && fixture.size("copy.sqlite-shm") == nil)
        let attributes = try FileManager.default.attributesOfItem(atPath: path("copy.sqlite"))
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        catalog.close()
        let restored = try Catalog(path: path("copy.sqlite"), logger: CatalogFixture.quiet)
        #expect(try restored.row(50)?.key == CatalogFixture.opening(50).key)
        #expect(try fixture.open(51, on: restored) == 51)
        restored.close()
        #expect(try leftovers() == [])
    }

    /// With steps of one megabyte, the rows make several; a copy that began anew at each write would never end.
    @Test func `writes go on meanwhile, and the copy is of one moment`() throws {
        let catalog = try fixture.open()
        let filler = try DatabaseConnection(path: fixture.path, access: .creating)
        try filler.execute("CREATE TABLE filler (x); INSERT INTO filler VALUES (zeroblob(8000000))")
        filler.close()
        let id = try complete(1, on: catalog)
        var steps = 0
        let outcome = try backup { [fixture] in
            steps += 1
            _ = try? fixture.open(steps + 1, on: catalog)
            return false
        }
        #expect(steps > 5)
        #expect(outcome?.rows == 1)
        #expect(try catalog.row(id + Int64(steps)) != nil)
        catalog.close()
    }

    @Test func `nothing that is there is replaced unless that is asked for`() throws {
        let catalog = try fixture.open()
        _ = try complete(1, on: catalog)
        try Data("precious".utf8).write(to: URL(fileURLWithPath: path("copy.sqlite")))
        #expect(refusal().contains("--force"))
        #expect(try String(contentsOfFile: path("copy.sqlite"), encoding: .utf8) == "precious")
        #expect(try backup(replaces: true)?.rows == 1)
        for own in ["a.sqlite", "a.sqlite-wal", "a.sqlite-shm", "a.sqlite.lock"] {
            #expect(refusal(own, replaces: true).contains("the record itself"), "\(own)")
        }
        #expect(refusal("none/copy.sqlite").contains("there is no directory"))
        #expect(refusal("instances", replaces: true).contains("is no file"))
        #expect(try fixture.open(2, on: catalog) == 2)
        catalog.close()
        #expect(try leftovers() == [])
    }

    @Test func `interrupted, it leaves nothing`() throws {
        let catalog = try fixture.open()
        #expect(try backup(isInterrupted: { true }) == nil)
        #expect(fixture.size("copy.sqlite") == nil)
        #expect(try leftovers() == [])
        catalog.close()
    }

    @Test func `a record that is missing, foreign or damaged gives no copy`() throws {
        #expect(refusal().contains("check SLUICE_DATABASE"))
        let foreign = try DatabaseConnection(path: fixture.path, access: .creating)
        try foreign.execute("CREATE TABLE theirs (x)")
        foreign.close()
        #expect(refusal().contains("another program"))
        try FileManager.default.removeItem(atPath: fixture.path)
        let catalog = try fixture.open()
        for number in 1 ... 400 { _ = try fixture.open(number, on: catalog) }
        catalog.close()
        var bytes = try Data(contentsOf: URL(fileURLWithPath: fixture.path))
        let page = bytes.count / 2 / 4_096 * 4_096
        bytes.replaceSubrange(page ..< page + 4_096, with: Data(repeating: 0xA5, count: 4_096))
        try bytes.write(to: URL(fileURLWithPath: fixture.path))
        #expect(refusal().contains("sqlite3 .recover"))
        #expect(fixture.size("copy.sqlite") == nil)
        #expect(try leftovers() == [])
    }
}
