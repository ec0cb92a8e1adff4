@testable import Catalog
import Database
import Foundation
import Gateway
import Reactor
import Testing

@Suite(.timeLimit(.minutes(2))) struct IdempotencyTests {
    private let fixture: CatalogFixture

    init() throws { fixture = try CatalogFixture() }

    private static let hash = [UInt8](0 ..< 32)

    private func opening(_ number: Int, key: String?, owner: String = "7") -> JournalEntry {
        .opening(
            OpeningRecord(
                key: "users/\(owner)/images/1763114400000-\(number).jpeg", owner: owner, contentType: "image/jpeg",
                filename: "\(number).jpg", recordToken: "token-\(number)", at: 1_763_114_400_000,
                idempotencyKey: key))
    }

    private func open(_ number: Int, key: String?, owner: String = "7", on catalog: Catalog) throws -> Int64 {
        let result = try fixture.perform(opening(number, key: key, owner: owner), on: catalog)
        guard case .committed(let id) = result else { throw Unexpected(result: result) }
        return id
    }

    private func store(_ id: Int64, on catalog: Catalog) throws {
        _ = try fixture.perform(.uploadID(id, "u"), on: catalog)
        _ = try fixture.perform(.completing(id, size: 12, sha256: Self.hash), on: catalog)
        _ = try fixture.perform(.stored(id, at: 1_763_114_401_000), on: catalog)
    }

    private func known(_ number: Int, key: String, owner: String = "7", on catalog: Catalog) throws -> KnownUpload? {
        guard case .known(let known) = try fixture.perform(opening(number, key: key, owner: owner), on: catalog)
        else { return nil }
        return known
    }

    private struct Unexpected: Error { let result: JournalResult }

    /// A number that a query of its own finds.
    private func count(_ query: String) throws -> Int64? {
        let connection = try DatabaseConnection(path: fixture.path, access: .readingOnly)
        defer { connection.close() }
        return try connection.integer(query)
    }

    private var keys: Int64? { get throws { try count("SELECT count(*) FROM idempotency") } }
    private var rows: Int64? { get throws { try count("SELECT count(*) FROM uploads") } }

    @Test func `a key that is taken is answered with its upload as it is by then, and no row is written`() throws {
        let catalog = try fixture.open()
        let id = try open(1, key: "k", on: catalog)
        for (write, state) in [
            (nil, UploadLife.State.opening), (.uploadID(id, "u"), .streaming),
            (.completing(id, size: 12, sha256: Self.hash), .completing), (.stored(id, at: 1_763_114_401_000), .stored),
        ] as [(JournalEntry?, UploadLife.State)] {
            if let write { _ = try fixture.perform(write, on: catalog) }
            let known = try known(2, key: "k", on: catalog)
            #expect(known?.image.imageID == id && known?.image.state == state)
            #expect(known?.sha256 == (state == .completing || state == .stored ? Self.hash : nil))
        }
        let image = try known(2, key: "k", on: catalog)?.image
        #expect(image?.key == "users/7/images/1763114400000-1.jpeg" && image?.displayName == "1.jpg")
        #expect(image?.fileBytes == 12 && image?.uploaded == 1_763_114_401_000)
        #expect(try rows == 1 && keys == 1)
    }

    @Test func `keys are each owner's own, and compared byte by byte`() throws {
        let catalog = try fixture.open()
        let texts = ["k", "K", "k ", "", "k\u{0}"]
        for (number, text) in texts.enumerated() { _ = try open(number, key: text, on: catalog) }
        _ = try open(9, key: "k", owner: "8", on: catalog)
        #expect(try keys == 6)
        #expect(try known(10, key: "k", owner: "8", on: catalog)?.image.owner == "8")
    }

    @Test func `uploads without a key know nothing of it`() throws {
        let catalog = try fixture.open()
        _ = try open(1, key: nil, on: catalog)
        _ = try open(2, key: nil, on: catalog)
        #expect(try rows == 2 && keys == 0)
    }

    @Test func `of many in one transaction the first has the key`() throws {
        let catalog = try fixture.open()
        for tag in 0 ..< 100 as Range<UInt64> {
            #expect(catalog.submit(opening(Int(tag), key: "k"), replyTo: fixture.answers, tag: tag))
        }
        let first = try fixture.result(of: 0)
        guard case .committed(let id) = first else { throw Unexpected(result: first) }
        for tag in 1 ..< 100 as Range<UInt64> {
            guard case .known(let known) = try fixture.result(of: tag) else { throw Unexpected(result: first) }
            #expect(known.image.imageID == id)
        }
        #expect(try rows == 1 && keys == 1)
    }

    @Test func `of two processes on one file the first has the key`() throws {
        let (one, two) = (try fixture.open(), try fixture.open())
        let id = try open(1, key: "k", on: one)
        #expect(try known(2, key: "k", on: two)?.image.imageID == id)
        #expect(try rows == 1)
    }

    @Test func `the table itself lets no key in twice, and no image have two`() throws {
        _ = try fixture.open()
        let connection = try DatabaseConnection(path: fixture.path, access: .creating)
        defer { connection.close() }
        let insert = "INSERT INTO idempotency (image_id, owner, key, created_ms) VALUES "
        try connection.execute(insert + "(1, 'a', 'k', 0)")
        #expect(throws: DatabaseError.self) { try connection.execute(insert + "(2, 'a', 'k', 0)") }
        #expect(throws: DatabaseError.self) { try connection.execute(insert + "(1, 'a', 'l', 0)") }
    }

    @Test func `an upload that is taken back frees its key in the same write, however it ends`() throws {
        let catalog = try fixture.open { $0.unregisteredMilliseconds = 1 }
        let other = try open(0, key: "other", on: catalog)
        let ends: [(Bool, (Int64) -> JournalEntry)] = [
            (false, { .aborting($0) }), (false, { .gone($0) }), (true, { .expiring($0, at: 1_763_114_402_000) }),
        ]
        for (number, (isStored, end)) in ends.enumerated() {
            let id = try open(number + 1, key: "k", on: catalog)
            if isStored { try store(id, on: catalog) }
            #expect(try keys == 2)
            #expect(try fixture.perform(end(id), on: catalog) == .committed(imageID: id))
            #expect(try keys == 1, "\(end(id))")
        }
        #expect(try known(9, key: "other", on: catalog)?.image.imageID == other)
    }

    @Test func `a write that its row's state forbids leaves the key`() throws {
        let catalog = try fixture.open()
        let id = try open(1, key: "k", on: catalog)
        try store(id, on: catalog)
        for entry in [
            .aborting(id), .gone(id), .expiring(id, at: .max), .completing(id, size: 1, sha256: [9]),
        ] as [JournalEntry] {
            #expect(try fixture.perform(entry, on: catalog) == .failed(.conflict))
        }
        #expect(try known(2, key: "k", on: catalog)?.sha256 == Self.hash)
    }

    @Test func `a key outlives the process`() throws {
        var catalog = try fixture.open()
        let id = try open(1, key: "k", on: catalog)
        try store(id, on: catalog)
        catalog.close()
        catalog = try fixture.open()
        #expect(try known(2, key: "k", on: catalog)?.image.imageID == id)
    }

    @Test func `a key that is too old is like one that was never sent, and its image stays`() throws {
        var catalog = try fixture.open()
        let old = try open(1, key: "k", on: catalog)
        try store(old, on: catalog)
        catalog.close()
        try age("true")
        catalog = try fixture.open()
        let new = try open(2, key: "k", on: catalog)
        #expect(new > old)
        #expect(try rows == 2 && keys == 1)
        #expect(try count("SELECT image_id FROM idempotency") == new)
    }

    @Test func `each new key takes two old ones away, and none that is young`() throws {
        var catalog = try fixture.open()
        for number in 0 ..< 10 { _ = try open(number, key: "\(number)", on: catalog) }
        catalog.close()
        try age("number <= 6")
        catalog = try fixture.open()
        for left in [9, 8, 7, 8] {
            _ = try open(left + 100, key: UUID().uuidString, on: catalog)
            #expect(try keys == Int64(left))
        }
    }

    @Test func `there are never more keys than the setting allows, and the oldest go first`() throws {
        let catalog = try fixture.open { $0.idempotency.keysMax = 5 }
        for number in 0 ..< 20 {
            _ = try open(number, key: "\(number)", on: catalog)
            #expect(try keys == Int64(min(number + 1, 5)))
        }
        #expect(try known(99, key: "15", on: catalog) != nil)
        #expect(try known(99, key: "14", on: catalog) == nil)
    }

    @Test func `the writer takes old keys away by itself, in steps`() throws {
        var catalog = try fixture.open()
        for number in 0 ..< 20 { _ = try open(number, key: "\(number)", on: catalog) }
        catalog.close()
        try age("number <= 15")
        catalog = try fixture.open {
            $0.idempotency.tidyMilliseconds = 1
            $0.idempotency.removedAtOnceMax = 4
        }
        try CatalogFixture.eventually { try keys == 5 }
        #expect(try rows == 20)
        #expect(try known(99, key: "19", on: catalog) != nil)
    }

    @Test func `an opening whose commit was in doubt is withdrawn with its key`() throws {
        try fixture.open().close()
        let connection = try DatabaseConnection(path: fixture.path, access: .creating)
        defer { connection.close() }
        let statements = try CatalogStatements(
            connection, unregisteredMilliseconds: nil, idempotency: IdempotencyLimits())
        for (number, key) in [(1, "a"), (2, "b")] {
            _ = try statements.perform(opening(number, key: key), on: connection, instance: "i", now: 1)
        }
        try statements.withdraw(recordToken: "token-1", instance: "i")
        #expect(try rows == 1 && keys == 1)
        #expect(try count("SELECT image_id FROM idempotency") == 2)
    }

    /// Makes keys as old as can be.
    private func age(_ condition: String) throws {
        let connection = try DatabaseConnection(path: fixture.path, access: .creating)
        defer { connection.close() }
        try connection.execute("UPDATE idempotency SET created_ms = 1 WHERE \(condition)")
    }
}
