import Catalog
import Database
import Foundation
import Gateway
import Linux
import Reactor
import Testing

@Suite(.timeLimit(.minutes(2))) struct CatalogTests {
    private let fixture: CatalogFixture

    init() throws { fixture = try CatalogFixture() }

    @Test func `an upload's row goes from opening to stored`() throws {
        let catalog = try fixture.open()
        let id = try fixture.open(1, on: catalog)
        #expect(id == 1)
        var row = try catalog.row(id)
        #expect(row?.state == .opening)
        #expect(row?.key == "users/7/images/1763114400000-1.jpeg")
        #expect(row?.owner == "7")
        #expect(row?.contentType == "image/jpeg")
        #expect(row?.filename == "1.jpg")
        #expect(row?.recordToken == "token-1")
        #expect(row?.created == 1_763_114_400_000)
        #expect(row?.instance == catalog.instanceID)
        #expect(row?.size == nil && row?.uploadID == nil && row?.stored == nil && row?.registered == nil)

        #expect(try fixture.perform(.uploadID(id, "store's own"), on: catalog) == .committed(imageID: id))
        row = try catalog.row(id)
        #expect(row?.state == .streaming)
        #expect(row?.uploadID == "store's own")

        #expect(try fixture.perform(.completing(id, size: 12_345), on: catalog) == .committed(imageID: id))
        row = try catalog.row(id)
        #expect(row?.state == .completing)
        #expect(row?.size == 12_345)
        #expect(row?.filename == "1.jpg")

        #expect(try fixture.perform(.stored(id, at: 1_763_114_401_000), on: catalog) == .committed(imageID: id))
        row = try catalog.row(id)
        #expect(row?.state == .stored)
        #expect(row?.stored == 1_763_114_401_000)
        #expect(row?.uploadID == nil)
        #expect((row?.updated ?? 0) > 1_763_114_401_000)
        catalog.close()
    }

    @Test func `a filename that is known late takes the place of the first`() throws {
        let catalog = try fixture.open()
        let id = try fixture.open(1, on: catalog)
        _ = try fixture.perform(.uploadID(id, "u"), on: catalog)
        _ = try fixture.perform(.completing(id, size: 1, filename: "late.gif"), on: catalog)
        #expect(try catalog.row(id)?.filename == "late.gif")
    }

    @Test func `the store's name of an upload can be written with its end, and stays if it was there`() throws {
        let catalog = try fixture.open()
        let ids = [try fixture.open(1, on: catalog), try fixture.open(2, on: catalog)]
        _ = try fixture.perform(.uploadID(ids[1], "before"), on: catalog)
        for (id, uploadID) in zip(ids, ["with it", nil]) {
            let entry = JournalEntry.completing(id, size: 9, uploadID: uploadID)
            #expect(try fixture.perform(entry, on: catalog) == .committed(imageID: id))
        }
        #expect(try ids.map { try catalog.row($0)?.uploadID } == ["with it", "before"])
        #expect(try ids.map { try catalog.row($0)?.state } == [.completing, .completing])
    }

    @Test func `a row that is gone is dropped, and its id never used again`() throws {
        var catalog = try fixture.open()
        let id = try fixture.open(1, on: catalog)
        _ = try fixture.perform(.aborting(id), on: catalog)
        #expect(try catalog.row(id)?.state == .aborting)
        #expect(try fixture.perform(.gone(id), on: catalog) == .committed(imageID: id))
        #expect(try catalog.row(id) == nil)
        catalog.close()
        catalog = try fixture.open()
        #expect(try fixture.open(2, on: catalog) == id + 1)
    }

    @Test func `a write that the state does not allow is a conflict and changes nothing`() throws {
        let catalog = try fixture.open { $0.unregisteredMilliseconds = 1 }
        let states: [(UploadLife.State, [JournalEntry])] = [
            (.opening, []), (.streaming, [.uploadID(0, "u")]),
            (.completing, [.uploadID(0, "u"), .completing(0, size: 1)]),
            (.stored, [.uploadID(0, "u"), .completing(0, size: 1), .stored(0, at: 1)]), (.aborting, [.aborting(0)]),
            (.expiring, [.uploadID(0, "u"), .completing(0, size: 1), .stored(0, at: 1), .expiring(0, at: 9)]),
        ]
        var number = 0
        for (state, path) in states {
            for entry in Self.writes {
                number += 1
                let id = try fixture.open(number, on: catalog)
                for step in path { _ = try fixture.perform(step.named(id), on: catalog) }
                #expect(try catalog.row(id)?.state == state)
                let isLegal = state.mayBecome(entry.written)
                let result = try fixture.perform(entry.named(id), on: catalog)
                #expect(result == (isLegal ? .committed(imageID: id) : .failed(.conflict)), "\(state) \(entry)")
                let after = isLegal ? entry.written : state
                #expect(try catalog.row(id)?.state == (after == .gone ? nil : after))
            }
        }
        #expect(try fixture.perform(.aborting(999_999), on: catalog) == .failed(.conflict))
    }

    private static let writes: [JournalEntry] = [
        .uploadID(0, "u"), .completing(0, size: 1), .stored(0, at: 1), .aborting(0), .expiring(0, at: 9), .gone(0),
    ]

    @Test func `thousands of uploads from several threads all get their answers and rows`() throws {
        let catalog = try fixture.open()
        let threads = try (0 ..< 4).map { worker in
            let answers = try Mailbox<JournalAnswer>(capacity: 1_000)
            return try Linux.Thread.start(name: "asker") { Self.upload(500, worker: worker, catalog, answers) }
        }
        for thread in threads { thread.join() }
        catalog.close()
        let reader = try DatabaseConnection(path: fixture.path, access: .readingOnly)
        #expect(try reader.integer("SELECT count(*) FROM uploads WHERE state = 'stored'") == 2_000)
        #expect(try reader.integer("SELECT count(DISTINCT key) FROM uploads") == 2_000)
        #expect(try reader.text("PRAGMA integrity_check") == "ok")
    }

    /// Walks uploads through all states, many at a time.
    private static func upload(_ count: Int, worker: Int, _ catalog: Catalog, _ answers: Mailbox<JournalAnswer>) {
        for number in 0 ..< count {
            let record = CatalogFixture.opening(worker * 1_000_000 + number)
            CatalogFixture.eventually { catalog.submit(.opening(record), replyTo: answers, tag: UInt64(number)) }
        }
        var completed = 0
        while completed < count {
            for answer in answers.waitAll() {
                guard case .committed(let id) = answer.result else { return }
                if answer.tag < 1_000_000 {
                    _ = catalog.submit(.uploadID(id, "u\(id)"), replyTo: nil, tag: 0)
                    _ = catalog.submit(.completing(id, size: id), replyTo: answers, tag: answer.tag + 1_000_000)
                } else {
                    completed += 1
                    _ = catalog.submit(.stored(id, at: 5), replyTo: nil, tag: 0)
                }
            }
        }
    }

    @Test func `closing writes what was submitted, copies the log and gives the instance up`() throws {
        let catalog = try fixture.open()
        #expect(fixture.instanceFiles() == [catalog.instanceID + ".lock"])
        for number in 0 ..< 300 {
            #expect(catalog.submit(.opening(CatalogFixture.opening(number)), replyTo: nil, tag: 0))
        }
        catalog.close()
        #expect(!catalog.submit(.gone(1), replyTo: nil, tag: 0))
        #expect(try catalog.row(300)?.state == .opening)
        #expect(fixture.size("a.sqlite-wal") == 0)
        #expect(fixture.instanceFiles() == [])
    }

    @Test func `a full queue refuses`() throws {
        let catalog = try fixture.open {
            $0.queueEntriesMax = 16
            $0.busyMilliseconds = 1_000_000
        }
        // The writer stands still while another process commits.
        let lock = try FileLock(fixture.path + ".lock")
        #expect(try lock.lock(withinMilliseconds: 1_000_000))
        var taken = 1
        #expect(catalog.submit(.opening(CatalogFixture.opening(0)), replyTo: nil, tag: 0))
        CatalogFixture.eventually { catalog.queuedEntries == 0 }
        while catalog.submit(.opening(CatalogFixture.opening(taken)), replyTo: fixture.answers, tag: 0) { taken += 1 }
        #expect(catalog.queuedEntries == 14)
        // What nobody waits for has the rest to itself.
        while catalog.submit(.opening(CatalogFixture.opening(taken)), replyTo: nil, tag: 0) { taken += 1 }
        #expect(catalog.queuedEntries == 16)
        #expect(taken == 17)
        try lock.unlock()
        catalog.close()
        let reader = try DatabaseConnection(path: fixture.path, access: .readingOnly)
        #expect(try reader.integer("SELECT count(*) FROM uploads") == Int64(taken))
    }

    @Test func `a resting writer copies the log into the file`() throws {
        let catalog = try fixture.open { $0.idleMilliseconds = 1 }
        let id = try fixture.open(1, on: catalog)
        let bare = fixture.directory.appendingPathComponent("copy.sqlite").path
        // The file without its log: the row is in it once the log has been copied.
        try CatalogFixture.eventually {
            try? FileManager.default.removeItem(atPath: bare)
            try FileManager.default.copyItem(atPath: fixture.path, toPath: bare)
            let connection = try DatabaseConnection(path: bare, access: .readingOnly)
            return try connection.integer("SELECT count(*) FROM uploads WHERE id = \(id)") == 1
        }
        catalog.close()
    }

    @Test func `the log stays bounded under steady writing`() throws {
        let catalog = try fixture.open { $0.idleMilliseconds = 1_000_000 }
        for number in 0 ..< 3_000 { _ = try fixture.open(number, on: catalog) }
        // Each of these commits is three pages or more: 9,000 pages of 4 KiB, were the log not begun anew.
        #expect((fixture.size("a.sqlite-wal") ?? 0) < 2_000 * 4_120)
        catalog.close()
    }
}

extension JournalEntry {
    func named(_ id: Int64) -> JournalEntry {
        switch self {
        case .opening: self
        case .uploadID(_, let text): .uploadID(id, text)
        case .completing(_, let size, let filename, _, _): .completing(id, size: size, filename: filename)
        case .stored(_, let time): .stored(id, at: time)
        case .aborting: .aborting(id)
        case .expiring(_, let time): .expiring(id, at: time)
        case .gone: .gone(id)
        case .registration, .look: self
        }
    }

    var written: UploadLife.State {
        switch self {
        case .opening(let record): record.state
        case .uploadID: .streaming
        case .completing: .completing
        case .stored: .stored
        case .aborting: .aborting
        case .expiring: .expiring
        case .gone, .registration, .look: .gone
        }
    }
}
