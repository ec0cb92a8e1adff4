import Database
import Foundation
import Glibc
import Testing

@Suite struct DatabaseConnectionTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func open(_ name: String = "a.sqlite") throws -> DatabaseConnection {
        try DatabaseConnection(path: directory.path(name), access: .creating, busyTimeoutMilliseconds: 0)
    }

    private func openMigrated() throws -> DatabaseConnection {
        let connection = try open()
        try connection.migrate(applicationID: 7, ["CREATE TABLE t (a INTEGER PRIMARY KEY, b)"])
        return connection
    }

    private func failure(_ body: () throws -> Void) -> DatabaseError? {
        do {
            try body()
            return nil
        } catch {
            return error as? DatabaseError
        }
    }

    @Test func `the file and its companions are its owner's alone`() throws {
        let connection = try openMigrated()
        for suffix in ["", "-wal", "-shm"] {
            let attributes = try FileManager.default.attributesOfItem(atPath: directory.path("a.sqlite" + suffix))
            #expect(attributes[.posixPermissions] as? Int == 0o600, "\(suffix)")
        }
        connection.close()
    }

    @Test func `values of every kind come back as they went in`() throws {
        let connection = try openMigrated()
        let insert = try connection.prepare("INSERT INTO t (b) VALUES (?1)")
        let texts = ["", "a", "한글 \u{1F600}", "a\u{0}b", String(repeating: "x", count: 100_000)]
        for text in texts {
            try insert.bind(1, text)
            try insert.run()
            #expect(try connection.text("SELECT b FROM t ORDER BY a DESC") == text)
            #expect(try connection.text("SELECT typeof(b) FROM t ORDER BY a DESC") == "text")
        }
        for number in [Int64.min, -1, 0, 1, Int64.max] {
            try insert.bind(1, number)
            try insert.run()
            #expect(try connection.integer("SELECT b FROM t ORDER BY a DESC") == number)
        }
        let select = try connection.prepare("SELECT b, typeof(b) FROM t ORDER BY a DESC")
        for bytes in [[], [0], [UInt8](0 ... 255)] {
            try insert.bind(1, bytes: bytes.span)
            try insert.run()
            #expect(try select.step())
            #expect(select.bytes(0) == bytes)
            #expect(select.text(1) == "blob")
            select.reset()
        }
        try insert.bindNull(1)
        try insert.run()
        #expect(try select.step())
        #expect(select.isNull(0))
        #expect(select.text(0) == nil)
        #expect(select.optionalInteger(0) == nil)
        #expect(connection.lastInsertedID == Int64(texts.count + 5 + 3 + 1))
    }

    @Test func `a text of any length may follow any other, and none that a statement stands on`() throws {
        let connection = try openMigrated()
        let select = try connection.prepare("SELECT ?1, ?2 UNION ALL SELECT ?1, ?2")
        for (turn, length) in [0, 1, 64, 65, 1_024, 3, 1_025, 200, 100_000, 0, 130].enumerated() {
            let texts = [String(repeating: "é", count: length / 2) + "\(turn)", String(repeating: "y", count: length)]
            try select.bind(1, texts[0])
            try select.bind(2, texts[1])
            for _ in 0 ..< 2 {
                #expect(try select.step())
                #expect(select.text(0) == texts[0] && select.text(1) == texts[1])
                #expect(failure { try select.bind(1, "z") } != nil)
            }
            select.reset()
        }
    }

    @Test func `an error carries the extended code, SQLite's text and the statement`() throws {
        let connection = try openMigrated()
        try connection.execute("INSERT INTO t VALUES (1, 2)")
        let error = failure { try connection.execute("INSERT INTO t VALUES (1, 3)") }
        #expect(error?.kind == .constraint)
        // SQLITE_CONSTRAINT_PRIMARYKEY
        #expect(error?.code == 1555)
        #expect(error?.message.contains("UNIQUE constraint failed: t.a") == true)
        #expect(error?.operation == "INSERT INTO t VALUES (1, 3)")
        let insert = try connection.prepare("INSERT INTO t VALUES (1, ?1)")
        try insert.bind(1, "bound-secret")
        let second = failure { try insert.run() }
        #expect(second?.code == 1555)
        #expect(second.map { "\($0)" }?.contains("bound-secret") == false)
        #expect(failure { _ = try connection.prepare("SELECT nothing") }?.kind == .other)
    }

    @Test func `a statement can be used again after an error`() throws {
        let connection = try openMigrated()
        let insert = try connection.prepare("INSERT INTO t VALUES (?1, 0)")
        for (id, succeeds) in [(Int64(1), true), (1, false), (2, true)] {
            try insert.bind(1, id)
            #expect((failure { try insert.run() } == nil) == succeeds)
        }
        #expect(try connection.integer("SELECT count(*) FROM t") == 2)
    }

    @Test func `a failed opening tells the reason`() throws {
        let error = failure { _ = try open("missing/a.sqlite") }
        #expect(error?.kind == .cannotOpen)
        #expect(error?.message.contains("errno 2") == true)
        try Data("this is no database, but long enough to be looked at".utf8)
            .write(to: directory.url.appendingPathComponent("b.sqlite"))
        #expect(failure { try open("b.sqlite").migrate(applicationID: 7, []) }?.kind == .corrupt)
    }

    @Test func `a reading connection writes nothing`() throws {
        let writer = try openMigrated()
        try writer.execute("INSERT INTO t VALUES (1, 2)")
        let reader = try DatabaseConnection(path: directory.path("a.sqlite"), access: .readingOnly)
        #expect(try reader.integer("SELECT b FROM t") == 2)
        #expect(failure { try reader.execute("DELETE FROM t") }?.kind == .readOnly)
        #expect(failure {
            _ = try DatabaseConnection(path: directory.path("none.sqlite"), access: .readingOnly)
        }?.kind == .cannotOpen)
        #expect(directory.size("none.sqlite") == nil)
    }

    @Test func `opening a file again leaves the locks of the first connection`() throws {
        let first = try openMigrated()
        // A lock of an open file description conflicts with those of this process too, so it can ask for them.
        let descriptor = unsafe Glibc.open(directory.path("a.sqlite"), O_RDWR | O_CLOEXEC)
        defer { Glibc.close(descriptor) }
        func isLocked() -> Bool {
            var lock = Glibc.flock()
            lock.l_type = Int16(F_WRLCK)
            // The shared range of https://www.sqlite.org/fileformat2.html#the_lock_byte_page
            lock.l_start = 0x4000_0002
            lock.l_len = 510
            let getLock: Int32 = 36  // F_OFD_GETLK
            return unsafe fcntl(descriptor, getLock, &lock) == 0 && lock.l_type != Int16(F_UNLCK)
        }
        #expect(isLocked())
        let second = try open()
        #expect(isLocked())
        second.close()
        first.close()
    }

    @Test func `a held write lock is busy, not an error of the file`() throws {
        let first = try openMigrated()
        let second = try open()
        try first.execute("BEGIN IMMEDIATE")
        #expect(first.isInTransaction)
        #expect(failure { try second.execute("BEGIN IMMEDIATE") }?.kind == .busy)
        try first.execute("ROLLBACK")
        try second.execute("BEGIN IMMEDIATE; COMMIT")
        #expect(!second.isInTransaction)
    }

    @Test func `the log grows with commits, and only a checkpoint or nothing empties it`() throws {
        let connection = try openMigrated()
        for index in 0 ..< 1_500 { try connection.execute("INSERT INTO t (b) VALUES (\(index))") }
        // SQLite's own habit is a checkpoint at 1,000 pages.
        #expect(connection.walPages > 1_500)
        #expect(try connection.checkpoint(.passive))
        #expect(connection.walPages == 0)
        try connection.execute("INSERT INTO t (b) VALUES (0)")
        #expect((1 ... 10).contains(connection.walPages))
        #expect(try connection.checkpoint(.truncate))
        #expect(directory.size("a.sqlite-wal") == 0)
    }

    @Test func `closing leaves the log as it is`() throws {
        let connection = try openMigrated()
        try connection.execute("INSERT INTO t (b) VALUES (1)")
        let size = directory.size("a.sqlite-wal") ?? 0
        #expect(size > 0)
        connection.close()
        connection.close()
        #expect(directory.size("a.sqlite-wal") == size)
        #expect(try open().integer("SELECT b FROM t") == 1)
    }

    @Test func `a checkpoint that a reader holds up is told as incomplete`() throws {
        let writer = try openMigrated()
        let reader = try DatabaseConnection(path: directory.path("a.sqlite"), access: .readingOnly)
        try reader.execute("BEGIN")
        _ = try reader.integer("SELECT count(*) FROM t")
        try writer.execute("INSERT INTO t (b) VALUES (1)")
        #expect(try !writer.checkpoint(.passive))
        #expect(try !writer.checkpoint(.truncate))
        try reader.execute("COMMIT")
        #expect(try writer.checkpoint(.truncate))
    }

    @Test func `the commit mode can be switched on one connection`() throws {
        let connection = try openMigrated()
        #expect(try connection.integer("PRAGMA synchronous") == 2)
        try connection.setSynchronous(.normal)
        #expect(try connection.integer("PRAGMA synchronous") == 1)
        try connection.setSynchronous(.full)
        #expect(try connection.integer("PRAGMA synchronous") == 2)
    }
}
