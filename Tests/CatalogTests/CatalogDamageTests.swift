import Catalog
import Database
import Foundation
import Logging
import Testing

/// A file that is not to be touched is refused, in one line, byte for byte as it was.
@Suite(.timeLimit(.minutes(2))) struct CatalogDamageTests {
    private let fixture: CatalogFixture

    init() throws { fixture = try CatalogFixture() }

    private var file: URL { URL(fileURLWithPath: fixture.path) }

    private func refusal(_ adjust: (inout CatalogConfiguration) -> Void = { _ in }) throws -> CatalogError? {
        do {
            try fixture.open(adjust).close()
            return nil
        } catch let error as CatalogError {
            return error
        }
    }

    /// A record of some pages, all of it in the file.
    private func fill() throws {
        let catalog = try fixture.open()
        for number in 1 ... 400 {
            let id = try fixture.open(number, on: catalog)
            _ = catalog.submit(.uploadID(id, "u"), replyTo: nil, tag: 0)
        }
        catalog.close()
        #expect(try #require(fixture.size("a.sqlite")) > 40 * 1_024)
        #expect(fixture.size("a.sqlite-wal") == 0)
    }

    enum Damage: CaseIterable { case garbage, truncated, middle, header, foreign, newer }

    @Test(arguments: Damage.allCases)
    func `a damaged or foreign file is refused and stays as it was`(damage: Damage) throws {
        try fill()
        var bytes = try Data(contentsOf: file)
        switch damage {
        case .garbage: bytes = Data(repeating: 0x5A, count: 20_000)
        case .truncated: bytes = bytes.prefix(bytes.count / 2 / 4_096 * 4_096 + 100)
        case .middle:
            let page = bytes.count / 2 / 4_096 * 4_096
            bytes.replaceSubrange(page ..< page + 4_096, with: Data(repeating: 0xA5, count: 4_096))
        case .header: bytes.replaceSubrange(0 ..< 16, with: Data("no database, this".utf8.prefix(16)))
        // application_id and user_version, at 68 and 60. https://www.sqlite.org/fileformat2.html#the_database_header
        case .foreign: bytes.replaceSubrange(68 ..< 72, with: Data([0, 0, 0, 9]))
        case .newer: bytes.replaceSubrange(60 ..< 64, with: Data([0, 0, 0xFF, 0]))
        }
        try FileManager.default.removeItem(at: file)
        try bytes.write(to: file)
        let error = try #require(try refusal())
        #expect(error.path == fixture.path)
        #expect(!error.description.contains("\n"))
        switch damage {
        case .garbage, .truncated, .middle, .header: #expect(error.remedy.contains("restore \(fixture.path)"))
        case .foreign: #expect(error.description.contains("another program"))
        case .newer: #expect(error.description.contains("schema version 65280"))
        }
        #expect(try Data(contentsOf: file) == bytes)
        #expect(fixture.instanceFiles() == [])
    }

    @Test func `a file past the bound is not looked through at the start`() throws {
        try fill()
        var bytes = try Data(contentsOf: file)
        let page = bytes.count / 2 / 4_096 * 4_096
        bytes.replaceSubrange(page ..< page + 4_096, with: Data(repeating: 0xA5, count: 4_096))
        try bytes.write(to: file)
        #expect(try refusal { $0.checkBytesMax = 8_192 } == nil)
        #expect(try CatalogInspection(of: fixture.path, isFull: false).damage != nil)
    }

    @Test func `damage that shows later stops uploads until the file is sound`() throws {
        try fill()
        let log = CountingLogHandler()
        let catalog = try fixture.open(logger: Logger(label: "catalog") { _ in log }) {
            $0.soundnessMilliseconds = 5
            $0.connectionSetUp = "PRAGMA cache_size=1"
        }
        let whole = try Data(contentsOf: file)
        var bytes = whole
        for page in stride(from: 4_096, to: bytes.count, by: 4_096) {
            bytes.replaceSubrange(page ..< page + 4_096, with: Data(repeating: 0xA5, count: 4_096))
        }
        try overwrite(bytes)
        // The connection has some pages of its own, and meets the others sooner or later.
        for id in Int64(1) ... 400 where catalog.health == .ok { _ = try fixture.perform(.aborting(id), on: catalog) }
        #expect(catalog.readiness.contains("restore \(fixture.path)"))
        #expect(catalog.refusal != nil)
        #expect(try fixture.perform(.aborting(1), on: catalog) != .committed(imageID: 1))
        // Some attempts: each could write a page, and finds the others damaged. (Too short a wait would prove less.)
        Thread.sleep(forTimeInterval: 0.3)
        #expect(log.lines(containing: "can be written again") == 0)
        try overwrite(whole)
        CatalogFixture.eventually { catalog.health == .ok }
        catalog.close()
    }

    /// In place: other names for the file would not reach who has it open.
    private func overwrite(_ bytes: Data) throws {
        let handle = try FileHandle(forWritingTo: file)
        try handle.write(contentsOf: bytes)
        try handle.close()
    }

    @Test func `rights that are wider than the owner's are told`() throws {
        try fill()
        #expect(CatalogInspection.wideRights(path: fixture.path) == [])
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: fixture.path)
        let log = CountingLogHandler()
        let catalog = try fixture.open(logger: Logger(label: "catalog") { _ in log })
        #expect(log.lines(containing: "chmod 600 \(fixture.path)") > 0)
        catalog.close()
    }
}
