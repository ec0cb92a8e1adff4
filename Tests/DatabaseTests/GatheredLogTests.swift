import Database
import Foundation
import Testing

@Suite struct GatheredLogTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func open(cachePages: Int? = nil) throws -> DatabaseConnection {
        let connection = try DatabaseConnection(path: directory.path("a.sqlite"), access: .creating)
        try connection.migrate(applicationID: 7, ["CREATE TABLE t (a INTEGER PRIMARY KEY, b TEXT) STRICT"])
        if let cachePages { try connection.execute("PRAGMA cache_size=\(cachePages)") }
        return connection
    }

    /// The calls by which this thread has written, as the kernel counts them.
    private var writeCalls: Int {
        get throws {
            let text = try String(contentsOfFile: "/proc/thread-self/io", encoding: .utf8)
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("syscw:") })
            return try #require(Int(line.dropFirst("syscw: ".count)))
        }
    }

    /// What another program would find if this one died now: the files are copied as they are, without the index of
    /// the log, which SQLite then makes anew from the log alone.
    private func survivors(_ copy: String) throws -> [Int64: String] {
        for suffix in ["", "-wal"] {
            let target = directory.path(copy + suffix)
            try? FileManager.default.removeItem(atPath: target)
            try FileManager.default.copyItem(atPath: directory.path("a.sqlite" + suffix), toPath: target)
        }
        try? FileManager.default.removeItem(atPath: directory.path(copy + "-shm"))
        let connection = try DatabaseConnection(path: directory.path(copy), access: .writing)
        defer { connection.close() }
        #expect(try connection.text("PRAGMA integrity_check") == "ok")
        var found: [Int64: String] = [:]
        let select = try connection.prepare("SELECT a, b FROM t")
        while try select.step() { found[select.integer(0)] = select.text(1) }
        return found
    }

    @Test(arguments: [DatabaseConnection.Synchronous.normal, .full])
    func `a commit of many pages is one write`(_ synchronous: DatabaseConnection.Synchronous) throws {
        let connection = try open()
        defer { connection.close() }
        try connection.setSynchronous(synchronous)
        // The first transaction begins the log.
        try connection.execute("INSERT INTO t (b) VALUES ('first')")
        for _ in 0 ..< 3 {
            let before = try writeCalls
            let pages = connection.walPages
            try connection.execute("INSERT INTO t (b) SELECT hex(zeroblob(1500)) FROM json_each('[1,2,3,4,5,6,7,8]')")
            #expect(connection.walPages >= pages + 8)
            #expect(try writeCalls == before + 1)
        }
    }

    @Test func `a transaction that is longer than the buffer is whole`() throws {
        let connection = try open()
        defer { connection.close() }
        let text = String(repeating: "x", count: 3_000)
        let insert = try connection.prepare("INSERT INTO t (b) VALUES (?1)")
        try connection.execute("BEGIN")
        for _ in 0 ..< 200 {
            try insert.bind(1, text)
            try insert.run()
        }
        try connection.execute("COMMIT")
        #expect(connection.walPages > 2 * 32)
        #expect(try survivors("b.sqlite").count == 200)
    }

    /// A small cache spills pages into the log before the commit and writes some of them over again, with all their
    /// checksums; rollbacks leave frames that the next transaction writes over; two connections take turns.
    @Test(arguments: 0 ..< 20) func `whatever was committed is in the files, and nothing else`(_ seed: UInt64) throws {
        var random = Seeded(state: seed)
        let first = try open(cachePages: Int.random(in: 1 ... 12, using: &random))
        let second = try open(cachePages: 40)
        defer {
            first.close()
            second.close()
        }
        var committed: [Int64: String] = [:]
        for round in 0 ..< 25 {
            let connection = Int.random(in: 0 ..< 4, using: &random) == 0 ? second : first
            try connection.setSynchronous(Bool.random(using: &random) ? .full : .normal)
            var rows = committed
            try connection.execute("BEGIN IMMEDIATE")
            for _ in 0 ..< Int.random(in: 1 ... 60, using: &random) {
                let id = Int64.random(in: 1 ... 120, using: &random)
                let length = Int.random(in: 0 ... 2_500, using: &random)
                let text = String(repeating: "abcdefgh".randomElement(using: &random) ?? "a", count: length)
                rows[id] = Int.random(in: 0 ..< 5, using: &random) == 0 ? nil : text
                if let text = rows[id] {
                    try connection.execute("INSERT OR REPLACE INTO t VALUES (\(id), '\(text)')")
                } else {
                    try connection.execute("DELETE FROM t WHERE a = \(id)")
                }
            }
            if Int.random(in: 0 ..< 4, using: &random) == 0 {
                try connection.execute("ROLLBACK")
            } else {
                try connection.execute("COMMIT")
                committed = rows
            }
            if Int.random(in: 0 ..< 6, using: &random) == 0 { _ = try first.checkpoint(.passive) }
            if Int.random(in: 0 ..< 12, using: &random) == 0 { _ = try first.checkpoint(.truncate) }
            #expect(try survivors("b.sqlite") == committed, "seed \(seed), round \(round)")
        }
    }

    private struct Seeded: RandomNumberGenerator {
        var state: UInt64

        /// SplitMix64.
        mutating func next() -> UInt64 {
            state &+= 0x9E37_79B9_7F4A_7C15
            var z = state
            z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
            z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
            return z ^ (z >> 31)
        }
    }
}
