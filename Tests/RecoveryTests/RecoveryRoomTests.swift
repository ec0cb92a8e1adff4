import Catalog
import Foundation
import Gateway
import Logging
import ObjectStore
import Reactor
import Recovery
import Testing

/// A record of a dead process, with images whose time has come, and recovery of it with little room.
private final class Bench: RecoveryObserver {
    private let directory: URL
    private let loop: EventLoop
    private let files: FilesThread
    private let catalog: Catalog
    private let keeper: RefusingKeeper
    private var recovery: Recovery?
    private(set) var fates: [RecoveryState.Fate: Int] = [:]
    private(set) var reports: [RecoveryReport] = []
    private(set) var hasSwept = false
    private(set) var rowCount = 0
    private(set) var keptCount = 0

    /// - Parameter refused: the first step of what the store never does.
    /// - Parameter isSilent: to that no answer comes at all.
    init(due: Int, left: Int, refused: UploadLife.RecoveryPhase?, isSilent: Bool = false) throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("sluice-room-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let path = directory.appendingPathComponent("a.sqlite").path
        try Self.leave(due: due, left: left, at: path)
        loop = try EventLoop()
        files = try FilesThread()
        catalog = try Self.open(path)
        keeper = RefusingKeeper(loop: loop, refused: refused, isSilent: isSilent)
        var limits = RecoveryLimits()
        limits.rowsMax = 8
        limits.pageRowsMax = 2
        recovery = try Recovery(
            loop: loop, catalog: catalog, files: FilesPort(thread: files, loop: loop), keeper: keeper,
            unregisteredMilliseconds: Self.lifeMilliseconds, orphanMilliseconds: 1_000, limits: limits, observer: self)
    }

    deinit {
        recovery?.stop()
        files.stop()
        catalog.close()
        try? FileManager.default.removeItem(at: directory)
    }

    private static let lifeMilliseconds: Int64 = 1_000

    private static func open(_ path: String) throws -> Catalog {
        var configuration = CatalogConfiguration()
        configuration.unregisteredMilliseconds = lifeMilliseconds
        let quiet = Logger(label: "catalog") { _ in SwiftLogNoOpLogHandler() }
        return try Catalog(path: path, configuration: configuration, logger: quiet)
    }

    /// What a process leaves that dies with so many uploads under way.
    private static func leave(due: Int, left: Int, at path: String) throws {
        let catalog = try open(path)
        defer { catalog.close() }
        let answers = try Mailbox<JournalAnswer>(capacity: 1_000)
        func perform(_ entry: JournalEntry) throws -> Int64 {
            try #require(catalog.submit(entry, replyTo: answers, tag: 0))
            guard case .committed(let id)? = answers.waitAll().first?.result else { throw BenchError.notWritten }
            return id
        }
        for number in 0 ..< due + left {
            let opening = OpeningRecord(
                key: "k\(number)", owner: "7", contentType: "image/png", filename: nil,
                recordToken: "t\(number)", at: 1)
            let id = try perform(.opening(opening))
            _ = try perform(.uploadID(id, "u\(number)"))
            guard number < due else { continue }
            _ = try perform(.completing(id, size: 5))
            _ = try perform(.stored(id, at: 1))
        }
    }

    enum BenchError: Error { case notWritten }

    /// Whether recovery comes to where it has nothing more to do.
    func settles() -> Bool { runs { recovery?.isSettled == true } }

    /// Turns the loop until `isDone`, or until a test that hangs must end.
    func runs(until isDone: () -> Bool) -> Bool {
        recovery?.start()
        for _ in 0 ..< 3_000 {
            if isDone() { return true }
            loop.turn(timeoutMilliseconds: 10)
        }
        return false
    }

    func recoverySettled(_ settlement: RecoveryState.Settlement) { fates[settlement.fate, default: 0] += 1 }
    func recoveryKept(_ row: RecoveryRow, detail: String) {}
    func recoveryFinished(_ report: RecoveryReport) { reports.append(report) }
    func recoveryHas(rows: Int, kept: Int) { (rowCount, keptCount) = (rows, kept) }
    func recoveryFailed(_ detail: String) { Issue.record("\(detail)") }
    func sweepRemoved(key: String, uploadID: String, failure: String?) {}
    func sweepEnded(_ report: SweepState.Report) { hasSwept = true }
}

/// A store that holds nothing unknown, lists nothing, and does all that it is asked but one thing.
private final class RefusingKeeper: StoreKeeper {
    let obstacle: String? = nil
    private let loop: EventLoop
    private let refused: UploadLife.RecoveryPhase?
    private let isSilent: Bool
    private var isAsked = false
    private var held: [() -> Void] = []

    init(loop: EventLoop, refused: UploadLife.RecoveryPhase?, isSilent: Bool) {
        self.loop = loop
        self.refused = refused
        self.isSilent = isSilent
    }

    func perform(
        _ phase: UploadLife.RecoveryPhase, for subject: KeeperSubject, completion: @escaping (KeeperAnswer) -> Void
    ) {
        let answer = KeeperAnswer(phase == refused ? .unknown : phase == .listingRest ? .listedNone : .done)
        guard isSilent else { return loop.deferred { completion(answer) } }
        // Nothing is answered before that is asked, so that it is under way when the rest comes to its end.
        if phase != refused { held.append({ completion(answer) }) } else { isAsked = true }
        guard isAsked else { return }
        for body in held { loop.deferred(body) }
        held.removeAll()
    }

    func leftovers(after marker: LeftoverMarker?, completion: @escaping (LeftoverAnswer) -> Void) {
        loop.deferred { completion(.page([], next: nil)) }
    }

    func remove(_ leftover: Leftover, completion: @escaping (KeeperAnswer) -> Void) {
        loop.deferred { completion(KeeperAnswer(.done)) }
    }
}

/// More rows than there is room for, eight at once, and a store that never lets go of some of them.
struct RecoveryRoomTests {
    @Test func `images that cannot be deleted hold up neither uploads nor the sweep nor the end`() throws {
        let bench = try Bench(due: 20, left: 9, refused: .deleting)
        #expect(bench.settles())
        #expect(bench.fates == [.aborted: 9] && bench.hasSwept)
        #expect(bench.rowCount == 4 && bench.keptCount == 4)
        // They are no uploads of the dead.
        #expect(bench.reports.map(\.kept) == [0])
    }

    @Test func `images that are being deleted hold up neither uploads nor the sweep`() throws {
        let bench = try Bench(due: 20, left: 9, refused: .deleting, isSilent: true)
        #expect(bench.runs { bench.hasSwept && bench.fates == [.aborted: 9] })
        #expect(bench.reports.map(\.aborted) == [9])
    }

    @Test func `uploads that cannot be aborted hold up neither images nor the sweep nor the end`() throws {
        let bench = try Bench(due: 9, left: 20, refused: .aborting)
        #expect(bench.settles())
        #expect(bench.fates == [.expired: 9] && bench.hasSwept)
        #expect(bench.rowCount == 4 && bench.keptCount == 4)
        #expect(bench.reports.map(\.kept) == [4])
    }

    @Test func `a store that does it all is left with nothing`() throws {
        let bench = try Bench(due: 20, left: 20, refused: nil)
        #expect(bench.settles())
        #expect(bench.fates == [.expired: 20, .aborted: 20] && bench.hasSwept && bench.rowCount == 0)
    }
}
