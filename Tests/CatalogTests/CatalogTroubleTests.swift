import Catalog
import Database
import Foundation
import Gateway
import Linux
import Logging
import Testing

@Suite(.timeLimit(.minutes(2))) struct CatalogTroubleTests {
    private let fixture: CatalogFixture

    init() throws { fixture = try CatalogFixture() }

    private func isUnavailable(_ result: JournalResult) -> Bool {
        if case .failed(.unavailable) = result { return true }
        return false
    }

    private func other() throws -> DatabaseConnection {
        try DatabaseConnection(path: fixture.path, access: .creating)
    }

    @Test func `while another holds the file, writes fail, lazy ones wait, and both go on by themselves`() throws {
        let catalog = try fixture.open()
        let id = try fixture.open(1, on: catalog)
        #expect(catalog.health == .ok && catalog.readiness == "ok")
        let blocker = try other()
        try blocker.execute("BEGIN IMMEDIATE")
        #expect(isUnavailable(try fixture.perform(.opening(CatalogFixture.opening(2)), on: catalog)))
        #expect(catalog.readiness.contains("look for another program"))
        // Nobody waits for this one, and its upload lives on.
        #expect(catalog.submit(.uploadID(id, "kept"), replyTo: nil, tag: 0))
        #expect(isUnavailable(try fixture.perform(.completing(id, size: 1), on: catalog)))
        try blocker.execute("ROLLBACK")
        CatalogFixture.eventually { catalog.health == .ok }
        #expect(try fixture.perform(.completing(id, size: 1), on: catalog) == .committed(imageID: id))
        #expect(try catalog.row(id)?.uploadID == "kept")
        #expect(try fixture.open(3, on: catalog) == 2)
        catalog.close()
    }

    @Test func `whoever holds the lock for long is a trouble, and no end of everything`() throws {
        let catalog = try fixture.open()
        let id = try fixture.open(1, on: catalog)
        let lock = try FileLock(fixture.path + ".lock")
        #expect(try lock.lock(withinMilliseconds: 1_000_000))
        #expect(isUnavailable(try fixture.perform(.opening(CatalogFixture.opening(2)), on: catalog)))
        #expect(catalog.readiness.contains("look for another program"))
        #expect(catalog.readiness.contains("\(fixture.path).lock"))
        #expect(catalog.submit(.uploadID(id, "kept"), replyTo: nil, tag: 0))
        let start = failure(fixture.path, busyMilliseconds: 20)
        #expect(start?.description.contains("look for another program") == true)
        try lock.unlock()
        CatalogFixture.eventually { catalog.health == .ok }
        #expect(try fixture.perform(.completing(id, size: 1), on: catalog) == .committed(imageID: id))
        #expect(try catalog.row(id)?.uploadID == "kept")
        #expect(try lock.lock(withinMilliseconds: 1_000_000))
        catalog.close()
    }

    @Test func `a full file fails the write, says so, and serves again when there is room`() throws {
        // The bound of a connection stands for the disk's, and rows that free their pages for the room.
        let catalog = try fixture.open {
            $0.connectionSetUp = "PRAGMA max_page_count=12"
            $0.roomBytes = 8_000
        }
        var ids: [Int64] = []
        var number = 0
        while catalog.health == .ok {
            number += 1
            if case .committed(let id) = try fixture.perform(.opening(CatalogFixture.opening(number)), on: catalog) {
                ids.append(id)
            }
        }
        #expect(ids.count > 10)
        guard case .failing(let reason, let remedy) = catalog.health else { return #expect(Bool(false), "is failing") }
        #expect(reason.contains("database or disk is full"))
        #expect(remedy.contains("free space on the file system of"))
        #expect(ids.allSatisfy { (try? catalog.row($0)) != nil })
        // A proof of writing needs no new page and works again soon, so that what is under way goes on. There is no
        // room all the same, and nobody is let in.
        try CatalogFixture.eventually {
            try fixture.perform(.gone(ids[0]), on: catalog) == .committed(imageID: ids[0])
        }
        #expect(catalog.health != .ok && catalog.refusal?.contains("cannot be written") == true)
        for id in ids.dropFirst() {
            try CatalogFixture.eventually {
                try fixture.perform(.gone(id), on: catalog) == .committed(imageID: id)
            }
        }
        CatalogFixture.eventually { catalog.health == .ok }
        #expect(catalog.refusal == nil)
        #expect(try fixture.open(number + 1, on: catalog) > ids.count)
        let tables = "SELECT count(*) FROM sqlite_schema WHERE name = 'room'"
        #expect(try other().integer(tables) == 0)
        catalog.close()
    }

    @Test func `where there is no room, the log gives up its own before a write fails`() throws {
        let catalog = try fixture.open {
            $0.connectionSetUp = "PRAGMA max_page_count=12"
            $0.retryMilliseconds = 1_000_000
        }
        var number = 0
        while catalog.health == .ok {
            number += 1
            #expect(fixture.size("a.sqlite-wal") != 0)
            _ = try fixture.perform(.opening(CatalogFixture.opening(number)), on: catalog)
        }
        #expect(number > 10)
        #expect(fixture.size("a.sqlite-wal") == 0)
        catalog.close()
    }

    @Test func `a connection that no longer works is opened again until it does`() throws {
        let catalog = try fixture.open()
        let id = try fixture.open(1, on: catalog)
        let blocker = try other()
        try blocker.execute("ALTER TABLE uploads RENAME TO elsewhere")
        #expect(isUnavailable(try fixture.perform(.opening(CatalogFixture.opening(2)), on: catalog)))
        #expect(isUnavailable(try fixture.perform(.opening(CatalogFixture.opening(3)), on: catalog)))
        #expect(catalog.submit(.aborting(id), replyTo: nil, tag: 0))
        try blocker.execute("ALTER TABLE elsewhere RENAME TO uploads")
        blocker.close()
        CatalogFixture.eventually { catalog.health == .ok }
        #expect(try fixture.perform(.gone(id), on: catalog) == .committed(imageID: id))
        catalog.close()
    }

    @Test(arguments: ["", "-wal"])
    func `a file that loses its name takes no more rows until it is back`(suffix: String) throws {
        let catalog = try fixture.open()
        let id = try fixture.open(1, on: catalog)
        #expect(try fixture.perform(.uploadID(id, "u"), on: catalog) == .committed(imageID: id))
        let files = FileManager.default
        let path = fixture.path + suffix
        try files.moveItem(atPath: path, toPath: path + ".away")
        #expect(isUnavailable(try fixture.perform(.completing(id, size: 1), on: catalog)))
        #expect(catalog.refusal?.contains("moved, removed or replaced") == true)
        // Another file in its place is not written to, nor is one made.
        #expect(fixture.size("a.sqlite" + suffix) == nil)
        try Data(contentsOf: URL(fileURLWithPath: path + ".away")).write(to: URL(fileURLWithPath: path))
        #expect(isUnavailable(try fixture.perform(.completing(id, size: 1), on: catalog)))
        try files.removeItem(atPath: path)
        try files.moveItem(atPath: path + ".away", toPath: path)
        CatalogFixture.eventually { catalog.health == .ok }
        #expect(try fixture.perform(.completing(id, size: 1), on: catalog) == .committed(imageID: id))
        #expect(try catalog.row(id)?.state == .completing)
        catalog.close()
    }

    /// What SQLite says of a write: a broken rule, or an error of no kind that is known.
    @Test(arguments: ["RAISE(ABORT, 'poison')", "abs(-9223372036854775808)"])
    func `an entry that can never be written fails alone`(poison: String) throws {
        let catalog = try fixture.open { $0.busyMilliseconds = 1_000_000 }
        let ids = try (1 ... 3).map { try fixture.open($0, on: catalog) }
        let blocker = try other()
        try blocker.execute(
            """
            CREATE TRIGGER poison BEFORE UPDATE ON uploads WHEN new.upload_id = 'poison' BEGIN SELECT \(poison); END
            """)
        blocker.close()
        let lock = try FileLock(fixture.path + ".lock")
        #expect(try lock.lock(withinMilliseconds: 1_000_000))
        // The writer stands still with the first, so that the others are one batch.
        #expect(catalog.submit(.uploadID(ids[0], "first"), replyTo: nil, tag: 0))
        CatalogFixture.eventually { catalog.queuedEntries == 0 }
        #expect(catalog.submit(.uploadID(ids[1], "poison"), replyTo: nil, tag: 0))
        #expect(catalog.submit(.uploadID(ids[2], "good"), replyTo: nil, tag: 0))
        #expect(catalog.submit(.completing(ids[2], size: 1), replyTo: fixture.answers, tag: 1))
        #expect(catalog.submit(.uploadID(ids[1], "poison"), replyTo: fixture.answers, tag: 2))
        try lock.unlock()
        #expect(try fixture.result(of: 1) == .committed(imageID: ids[2]))
        #expect(isUnavailable(try fixture.result(of: 2)))
        #expect(catalog.health == .ok)
        // Alone in its batch, and kept by nobody.
        #expect(catalog.submit(.uploadID(ids[1], "poison"), replyTo: nil, tag: 0))
        CatalogFixture.eventually { catalog.queuedEntries == 0 }
        CatalogFixture.eventually { (try? fixture.open(4, on: catalog)) != nil }
        CatalogFixture.eventually { catalog.health == .ok }
        #expect(try fixture.perform(.uploadID(ids[1], "clean"), on: catalog) == .committed(imageID: ids[1]))
        #expect(try catalog.row(ids[2])?.uploadID == "good")
        #expect(try catalog.row(ids[1])?.uploadID == "clean")
        catalog.close()
    }

    @Test func `the loss of lazy writes is told once`() throws {
        let log = CountingLogHandler()
        let catalog = try fixture.open(logger: Logger(label: "catalog") { _ in log }) { $0.deferredEntriesMax = 4 }
        let id = try fixture.open(1, on: catalog)
        let blocker = try other()
        try blocker.execute("BEGIN IMMEDIATE")
        for _ in 0 ..< 50 { #expect(catalog.submit(.stored(id, at: 1), replyTo: nil, tag: 0)) }
        #expect(isUnavailable(try fixture.perform(.aborting(id), on: catalog)))
        #expect(log.lines(containing: "more writes wait than can be kept") == 1)
        // Recovery is told whose they were.
        #expect(Set(catalog.takeLeftRows()) == [id])
        #expect(catalog.takeLeftRows().isEmpty)
        try blocker.execute("ROLLBACK")
        catalog.close()
    }

    /// Its row says less than the upload has done: recovery would abort it, or delete what it has stored meanwhile.
    @Test func `an upload that goes on is not left to recovery, whichever of its writes is lost`() throws {
        let log = CountingLogHandler()
        let catalog = try fixture.open(logger: Logger(label: "catalog") { _ in log }) { $0.deferredEntriesMax = 0 }
        let ids = try (1 ... 4).map { try fixture.open($0, on: catalog) }
        let blocker = try other()
        try blocker.execute("BEGIN IMMEDIATE")
        #expect(catalog.submit(.uploadID(ids[0], "u"), replyTo: nil, tag: 0))
        #expect(catalog.submit(.aborting(ids[1]), replyTo: nil, tag: 0))
        #expect(catalog.submit(.stored(ids[2], at: 1), replyTo: nil, tag: 0))
        #expect(catalog.submit(.gone(ids[3]), replyTo: nil, tag: 0))
        #expect(isUnavailable(try fixture.perform(.opening(CatalogFixture.opening(9)), on: catalog)))
        #expect(log.lines(containing: "more writes wait than can be kept") == 1)
        #expect(Set(catalog.takeLeftRows()) == [ids[2], ids[3]])
        try blocker.execute("ROLLBACK")
        catalog.close()
    }

    @Test func `what waits at the end is still written, or the instance given up without it`() throws {
        let catalog = try fixture.open()
        let id = try fixture.open(1, on: catalog)
        let blocker = try other()
        try blocker.execute("BEGIN IMMEDIATE")
        #expect(isUnavailable(try fixture.perform(.opening(CatalogFixture.opening(2)), on: catalog)))
        #expect(catalog.submit(.uploadID(id, "lost"), replyTo: nil, tag: 0))
        catalog.close()
        try blocker.execute("ROLLBACK")
        #expect(try catalog.row(id)?.uploadID == nil)
        #expect(fixture.instanceFiles() == [])
    }

    private func failure(_ path: String, busyMilliseconds: Int32 = 5_000) -> CatalogError? {
        var configuration = CatalogConfiguration()
        configuration.busyMilliseconds = busyMilliseconds
        do {
            _ = try Catalog(path: path, configuration: configuration, logger: CatalogFixture.quiet)
            return nil
        } catch {
            return error
        }
    }

    @Test func `a start that cannot succeed says what to do in one line`() throws {
        let folder = fixture.directory.path
        let missing = failure(folder + "/none/a.sqlite")
        #expect(missing?.description.contains("make the directory \(folder)/none") == true)
        try Data(repeating: 0x41, count: 8_192).write(to: fixture.directory.appendingPathComponent("text.sqlite"))
        #expect(failure(folder + "/text.sqlite")?.description.contains("restore \(folder)/text.sqlite") == true)
        let foreign = try DatabaseConnection(path: folder + "/foreign.sqlite", access: .creating)
        try foreign.execute("CREATE TABLE theirs (x)")
        #expect(failure(folder + "/foreign.sqlite")?.description.contains("another program") == true)
        try other().execute("PRAGMA user_version=1000000")
        let newer = failure(fixture.path)
        #expect(newer?.description.contains(fixture.path) == true)
        for error in [missing, newer] { #expect(error?.description.contains("\n") == false) }
        #expect(fixture.instanceFiles() == [])
    }
}
