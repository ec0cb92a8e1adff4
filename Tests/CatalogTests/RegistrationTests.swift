import Bytes
import Database
import Foundation
import Gateway
import Images
import Linux
import Reactor
import Testing
import Tokens

@testable import Catalog

@Suite(.timeLimit(.minutes(2))) struct RegistrationTests {
    private let fixture: CatalogFixture

    init() throws { fixture = try CatalogFixture() }

    private static let service = TokenRole.trusted("SERVICE")

    private static func key(_ number: Int, at milliseconds: Int64 = 1_763_114_400_000, sub: String = "7") -> ObjectKey {
        let uuid = UUIDText.version4(upper: UInt64(number), lower: 0)
        return ObjectKey(subject: sub, milliseconds: milliseconds, uuid: uuid, type: .png)
    }

    /// Makes a stored row.
    private func store(_ key: ObjectKey, owner: String = "7", on catalog: Catalog) throws -> Int64 {
        let id = try complete(key, owner: owner, on: catalog)
        _ = try fixture.perform(.stored(id, at: 1_763_114_401_000), on: catalog)
        return id
    }

    /// Makes a row whose 201 may go out.
    private func complete(_ key: ObjectKey, owner: String = "7", on catalog: Catalog) throws -> Int64 {
        let opening = OpeningRecord(
            key: key.text, owner: owner, contentType: "image/png", filename: "a.png", recordToken: key.text,
            at: key.milliseconds)
        guard case .committed(let id) = try fixture.perform(.opening(opening), on: catalog) else {
            throw CatalogFixtureError.refused
        }
        _ = try fixture.perform(.completing(id, size: 99), on: catalog)
        return id
    }

    private static func entry(
        _ image: ImageRegistration.Image, _ role: TokenRole = .user, by subject: String = "7", owner: String? = nil
    ) -> JournalEntry {
        .registration(ImageRegistration(image: image, subject: subject, role: role, owner: owner))
    }

    private func look(_ id: Int64, on catalog: Catalog) throws -> ImageRecord? {
        guard catalog.look(id, replyTo: fixture.answers, tag: UInt64(id)),
            case .image(let record) = try fixture.result(of: UInt64(id))
        else { throw CatalogFixtureError.refused }
        return record
    }

    /// Runs SQL as another program would.
    private func change(_ sql: String) throws {
        try DatabaseConnection(path: fixture.path, access: .creating).execute(sql)
    }

    @Test func `the first registration is written, the second names the first`() throws {
        let catalog = try fixture.open()
        let key = Self.key(1)
        let id = try store(key, on: catalog)
        guard case .registered(let record) = try fixture.perform(Self.entry(.key(key)), on: catalog) else {
            Issue.record("not registered")
            return
        }
        #expect((record.imageID, record.key, record.owner, record.fileBytes) == (id, key.text, "7", 99))
        let row = try catalog.row(id)
        #expect(row?.registered == record.registered)
        #expect(row?.updated == record.registered)
        #expect(row?.registrant == "USER")
        #expect(row?.state == .stored)
        for image in [ImageRegistration.Image.id(id), .key(key)] {
            for role in [TokenRole.user, Self.service] {
                let second = try fixture.perform(Self.entry(image, role), on: catalog)
                #expect(second == .failed(.alreadyRegistered(imageID: id)))
            }
        }
        #expect(try catalog.row(id) == row)
    }

    @Test func `a guest's own leaves the expiry, and the backend's takes it and gives the image away`() throws {
        let catalog = try fixture.open()
        let id = try store(Self.key(1), owner: "guest-1", on: catalog)
        try change("UPDATE uploads SET expires_ms = 77")
        let guest = Self.entry(.id(id), .guest, by: "guest-1", owner: nil)
        guard case .registered = try fixture.perform(guest, on: catalog) else { throw CatalogFixtureError.refused }
        #expect(try catalog.row(id)?.expires == 77)
        #expect(try catalog.row(id)?.registrant == "GUEST")
        #expect(try fixture.perform(guest, on: catalog) == .failed(.alreadyRegistered(imageID: id)))
        let backend = Self.entry(.id(id), Self.service, by: "backend", owner: "8")
        guard case .registered(let record) = try fixture.perform(backend, on: catalog) else {
            throw CatalogFixtureError.refused
        }
        #expect((record.owner, record.expires) == ("8", nil))
        let row = try catalog.row(id)
        #expect((row?.owner, row?.registrant, row?.expires) == ("8", "SERVICE", nil))
        #expect(try fixture.perform(backend, on: catalog) == .failed(.alreadyRegistered(imageID: id)))
        #expect(try fixture.perform(guest, on: catalog) == .failed(.noSuchImage))
    }

    @Test func `what is not there, not theirs or not stored is no image`() throws {
        let catalog = try fixture.open()
        let key = Self.key(1)
        let id = try store(key, on: catalog)
        let others: [JournalEntry] = [
            Self.entry(.id(id), by: "8"), Self.entry(.key(key), by: "8"), Self.entry(.id(id + 1)),
            Self.entry(.id(.max)),
            Self.entry(.key(Self.key(2))), Self.entry(.key(Self.key(1, at: key.milliseconds + 1))),
            Self.entry(.key(Self.key(1, sub: "8"))), Self.entry(.key(Self.key(1, sub: "8")), Self.service),
        ]
        for entry in others { #expect(try fixture.perform(entry, on: catalog) == .failed(.noSuchImage)) }
        for state in UploadLife.State.allCases where state != .stored {
            try change("UPDATE uploads SET state = '\(state.rawValue)'")
            let failure = state == .completing ? JournalFailure.unsettled : .noSuchImage
            #expect(try fixture.perform(Self.entry(.key(key)), on: catalog) == .failed(failure))
            #expect(try fixture.perform(Self.entry(.id(id), Self.service), on: catalog) == .failed(failure))
        }
        #expect(try catalog.row(id)?.registered == nil)
    }

    @Test func `a key is found among others of its millisecond, whatever order rows were made in`() throws {
        let catalog = try fixture.open()
        var ids: [Int: Int64] = [:]
        // The clock steps back, stands still, and ids have gaps.
        for number in (0 ..< 60).shuffled() {
            let id = try store(Self.key(number, at: 1_763_114_400_000 + Int64(number / 20)), on: catalog)
            if number % 7 == 0 {
                try change("DELETE FROM uploads WHERE id = \(id)")
            } else {
                ids[number] = id
            }
        }
        for number in 0 ..< 60 {
            let entry = Self.entry(.key(Self.key(number, at: 1_763_114_400_000 + Int64(number / 20))))
            switch try fixture.perform(entry, on: catalog) {
            case .registered(let record): #expect(record.imageID == ids[number])
            case let other: #expect(other == .failed(.noSuchImage) && ids[number] == nil, "\(number) \(other)")
            }
        }
    }

    @Test func `the look-up of a key asks the index of its time`() throws {
        let catalog = try fixture.open()
        defer { catalog.close() }
        let connection = try DatabaseConnection(path: fixture.path, access: .readingOnly)
        let plan = try connection.prepare(
            "EXPLAIN QUERY PLAN " + ImageRow.select + " WHERE created_ms = ?1 AND key = ?2")
        #expect(try plan.step())
        #expect(plan.text(3) == "SEARCH uploads USING INDEX uploads_created (created_ms=?)")
        #expect(try !plan.step())
    }

    @Test func `of many at once, from several threads, one is first`() throws {
        let catalog = try fixture.open()
        let images = 40
        let ids = try (0 ..< images).map { try store(Self.key($0), on: catalog) }
        let won = try Mailbox<Int64>(capacity: 10_000)
        let threads = try (0 ..< 8).map { worker in
            let answers = try Mailbox<JournalAnswer>(capacity: 1_000)
            return try Linux.Thread.start(name: "asker") {
                for (number, id) in ids.enumerated() {
                    let image = (worker + number) % 2 == 0 ? ImageRegistration.Image.id(id) : .key(Self.key(number))
                    let role = worker % 3 == 0 ? Self.service : .user
                    _ = catalog.submit(Self.entry(image, role), replyTo: answers, tag: UInt64(id))
                }
                var left = images
                while left > 0 {
                    for answer in answers.waitAll() {
                        left -= 1
                        switch answer.result {
                        case .registered(let record): _ = won.post(record.imageID)
                        case .failed(.alreadyRegistered(let id)) where id == Int64(answer.tag): break
                        default: _ = won.post(-1)
                        }
                    }
                }
            }
        }
        for thread in threads { thread.join() }
        #expect(won.waitAll().sorted() == ids.sorted())
    }

    @Test func `a registration sees what was submitted before it, though it was not committed yet`() throws {
        let catalog = try fixture.open { $0.busyMilliseconds = 1_000_000 }
        let key = Self.key(1)
        let id = try complete(key, on: catalog)
        let lock = try FileLock(fixture.path + ".lock")
        #expect(try lock.lock(withinMilliseconds: 1_000_000))
        // The writer stands still; both wait in one batch.
        #expect(catalog.submit(.look(id), replyTo: fixture.answers, tag: 1))
        CatalogFixture.eventually { catalog.queuedEntries == 0 }
        #expect(catalog.submit(.stored(id, at: 5), replyTo: nil, tag: 0))
        #expect(catalog.submit(Self.entry(.key(key)), replyTo: fixture.answers, tag: 2))
        try lock.unlock()
        guard case .image(let before) = try fixture.result(of: 1),
            case .registered(let record) = try fixture.result(of: 2)
        else { throw CatalogFixtureError.refused }
        #expect(before?.state == .completing)
        #expect((record.imageID, record.uploaded) == (id, 5))
    }

    @Test func `a look sees an image whose end is not committed yet`() throws {
        let catalog = try fixture.open { $0.busyMilliseconds = 1_000_000 }
        let id = try complete(Self.key(1), on: catalog)
        #expect(try look(id, on: catalog)?.state == .completing)
        let lock = try FileLock(fixture.path + ".lock")
        #expect(try lock.lock(withinMilliseconds: 1_000_000))
        #expect(catalog.submit(.look(id), replyTo: fixture.answers, tag: 1_001))
        CatalogFixture.eventually { catalog.queuedEntries == 0 }
        #expect(catalog.submit(.stored(id, at: 5), replyTo: nil, tag: 0))
        #expect(catalog.look(id, replyTo: fixture.answers, tag: 1_002))
        CatalogFixture.eventually { catalog.queuedEntries == 2 }
        try lock.unlock()
        guard case .image(let record) = try fixture.result(of: 1_002) else { throw CatalogFixtureError.refused }
        #expect(record?.state == .stored)
        #expect(record?.uploaded == 5)
    }

    @Test func `a look answers with the record, or that there is none`() throws {
        let catalog = try fixture.open()
        let id = try store(Self.key(1), on: catalog)
        let expected = ImageRecord(
            imageID: id, key: Self.key(1).text, owner: "7", contentType: "image/png", filename: "a.png", fileBytes: 99,
            state: .stored, uploaded: 1_763_114_401_000, registered: nil, registrant: nil, expires: nil)
        // `stored` was answered, and so committed.
        #expect(try look(id, on: catalog) == expected)
        #expect(try look(id + 1, on: catalog) == nil)
        catalog.close()
        #expect(!catalog.look(id, replyTo: fixture.answers, tag: 0))
    }

    @Test func `more looks than may wait are refused`() throws {
        let catalog = try fixture.open { $0.readsMax = 0 }
        #expect(!catalog.look(1, replyTo: fixture.answers, tag: 0))
    }

    @Test func `a registration that cannot be written is not written`() throws {
        let catalog = try fixture.open()
        let id = try store(Self.key(1), on: catalog)
        let lock = try FileLock(fixture.path + ".lock")
        #expect(try lock.lock(withinMilliseconds: 1_000_000))
        guard case .failed(.unavailable) = try fixture.perform(Self.entry(.id(id)), on: catalog) else {
            throw CatalogFixtureError.refused
        }
        // What is there can be read all the same.
        #expect(try look(id, on: catalog)?.registered == nil)
        try lock.unlock()
        CatalogFixture.eventually { catalog.health == .ok }
        #expect(try look(id, on: catalog)?.registered == nil)
        guard case .registered = try fixture.perform(Self.entry(.id(id)), on: catalog) else {
            throw CatalogFixtureError.refused
        }
    }

    @Test func `registrations are synced, looks are not`() {
        let registration = JournalRequest(entry: Self.entry(.id(1)), replyTo: nil, tag: 0)
        let look = JournalRequest(entry: .look(2), replyTo: fixture.answers, tag: 0)
        #expect(registration.mustBeSynced)
        #expect(!look.mustBeSynced)
        var groups = JournalGroups()
        let stored = JournalRequest(entry: .stored(2, at: 1), replyTo: nil, tag: 0)
        groups.sort([stored, registration, look][...], syncIsCheap: false)
        #expect(groups.unsynced == [0, 2])
        #expect(groups.synced == [1])
        // A look does not overtake a synced write of its row.
        let completing = JournalRequest(entry: .completing(2, size: 1), replyTo: fixture.answers, tag: 0)
        groups.sort([completing, stored, look][...], syncIsCheap: false)
        #expect(groups.synced == [0, 1, 2])
    }

    @Test func `a file of the first version gets what registration needs`() throws {
        let key = Self.key(1)
        var old: DatabaseConnection? = try DatabaseConnection(path: fixture.path, access: .creating)
        try old?.migrate(applicationID: CatalogSchema.applicationID, [CatalogSchema.migrations[0]])
        try old?.execute(
            """
            INSERT INTO uploads (key, owner, content_type, size, state, record_token, instance, created_ms, updated_ms,
            stored_ms) VALUES ('\(key.text)', '7', 'image/png', 3, 'stored', 't', 'i', \(key.milliseconds), 1, 2)
            """)
        old?.close()
        old = nil
        let catalog = try fixture.open()
        #expect(try look(1, on: catalog)?.filename == nil)
        guard case .registered(let record) = try fixture.perform(Self.entry(.key(key)), on: catalog) else {
            throw CatalogFixtureError.refused
        }
        #expect((record.imageID, record.registrant) == (1, "USER"))
        catalog.close()
    }
}
