import Catalog
import Foundation
import Gateway
import Linux
import Testing
import Tokens

@Suite(.timeLimit(.minutes(2))) struct CatalogAdmissionTests {
    private let fixture: CatalogFixture

    init() throws { fixture = try CatalogFixture() }

    /// Whoever holds the lock stands for a disk that does not answer.
    @Test func `nobody is let in while the writer stands still, or too much waits for it`() throws {
        let catalog = try fixture.open {
            $0.busyMilliseconds = 1_000_000
            $0.stallMilliseconds = 50
            $0.queueEntriesMax = 16
        }
        let id = try fixture.open(1, on: catalog)
        #expect(catalog.refusal == nil && catalog.readiness == "ok")
        let lock = try FileLock(fixture.path + ".lock")
        #expect(try lock.lock(withinMilliseconds: 1_000_000))
        #expect(catalog.submit(.uploadID(id, "u"), replyTo: nil, tag: 0))
        CatalogFixture.eventually { catalog.refusal != nil }
        #expect(catalog.refusal?.contains("waited") == true)
        #expect(catalog.readiness == catalog.refusal)
        #expect(catalog.health == .ok)
        try lock.unlock()
        CatalogFixture.eventually { catalog.refusal == nil }
        #expect(try fixture.perform(.completing(id, size: 1), on: catalog) == .committed(imageID: id))
        catalog.close()
    }

    @Test func `a quarter of the queue is kept for uploads that were let in`() throws {
        let catalog = try fixture.open {
            $0.busyMilliseconds = 1_000_000
            $0.stallMilliseconds = 1_000_000
            $0.queueEntriesMax = 16
        }
        let id = try fixture.open(1, on: catalog)
        let lock = try FileLock(fixture.path + ".lock")
        #expect(try lock.lock(withinMilliseconds: 1_000_000))
        // The writer takes the first and stands still with it.
        #expect(catalog.submit(.uploadID(id, "u"), replyTo: nil, tag: 0))
        CatalogFixture.eventually { catalog.queuedEntries == 0 }
        for waiting in 0 ..< 12 {
            #expect(catalog.refusal == nil, "\(waiting) wait")
            #expect(catalog.submit(.uploadID(id, "u"), replyTo: nil, tag: 0))
        }
        #expect(catalog.refusal?.contains("12 writes wait") == true)
        let registration = ImageRegistration(image: .id(id), subject: "1", role: .user)
        #expect(!catalog.submit(.registration(registration), replyTo: fixture.answers, tag: 6))
        #expect(catalog.submit(.completing(id, size: 1), replyTo: fixture.answers, tag: 7))
        try lock.unlock()
        #expect(try fixture.result(of: 7) == .committed(imageID: id))
        CatalogFixture.eventually { catalog.refusal == nil }
        catalog.close()
    }
}
