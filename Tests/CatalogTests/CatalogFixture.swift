import Catalog
import Foundation
import Linux
import Logging
import Reactor

/// A catalog in a directory of its own, and a mailbox for its answers.
final class CatalogFixture {
    let directory: URL
    let answers: Mailbox<JournalAnswer>
    private var received: [JournalAnswer] = []

    init() throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-catalog-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        answers = try Mailbox(capacity: 10_000)
    }

    deinit { try? FileManager.default.removeItem(at: directory) }

    var path: String { directory.appendingPathComponent("a.sqlite").path }

    func open(
        logger: Logger = CatalogFixture.quiet, _ adjust: (inout CatalogConfiguration) -> Void = { _ in }
    ) throws -> Catalog {
        var configuration = CatalogConfiguration()
        configuration.busyMilliseconds = 20
        configuration.retryMilliseconds = 5
        adjust(&configuration)
        return try Catalog(path: path, configuration: configuration, logger: logger)
    }

    static let quiet = Logger(label: "catalog") { _ in SwiftLogNoOpLogHandler() }

    /// - Parameter fileBytes: the length of a body that is whole.
    static func opening(_ number: Int = 1, fileBytes: Int64? = nil) -> OpeningRecord {
        OpeningRecord(
            key: "users/7/images/1763114400000-\(number).jpeg", owner: "7", contentType: "image/jpeg",
            filename: "\(number).jpg", recordToken: "token-\(number)", at: 1_763_114_400_000,
            fileBytes: fileBytes)
    }

    /// The result of one entry, waited for.
    func perform(_ entry: JournalEntry, on catalog: Catalog) throws -> JournalResult {
        let tag = UInt64.random(in: .min ... .max)
        guard catalog.submit(entry, replyTo: answers, tag: tag) else { throw CatalogFixtureError.refused }
        return try result(of: tag)
    }

    func open(_ number: Int, on catalog: Catalog) throws -> Int64 {
        guard case .committed(let id) = try perform(.opening(Self.opening(number)), on: catalog) else {
            throw CatalogFixtureError.refused
        }
        return id
    }

    func result(of tag: UInt64) throws -> JournalResult {
        while true {
            if let answer = received.first(where: { $0.tag == tag }) { return answer.result }
            let batch = answers.waitAll()
            if batch.isEmpty { throw CatalogFixtureError.refused }
            received += batch
        }
    }

    func size(_ name: String) -> Int? {
        let path = directory.appendingPathComponent(name).path
        return (try? FileManager.default.attributesOfItem(atPath: path))?[.size] as? Int
    }

    func instanceFiles() -> [String] {
        let folder = directory.appendingPathComponent("instances").path
        return (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    }

    /// Waits for something that another thread brings about; a test that hangs here fails by the suite's time limit.
    static func eventually(_ condition: () throws -> Bool) rethrows {
        while try !condition() { Thread.yield() }
    }
}

enum CatalogFixtureError: Error {
    case refused
}
