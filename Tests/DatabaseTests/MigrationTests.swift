import Database
import Testing

@Suite struct MigrationTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func open() throws -> DatabaseConnection {
        try DatabaseConnection(path: directory.path("a.sqlite"), access: .creating)
    }

    private func failure(_ body: () throws -> Void) -> DatabaseError? {
        do {
            try body()
            return nil
        } catch {
            return error as? DatabaseError
        }
    }

    private let first = "CREATE TABLE a (x)"
    private let second = "CREATE TABLE b (y); INSERT INTO b VALUES (1)"

    @Test func `each migration runs once, in order`() throws {
        #expect(try open().migrate(applicationID: 7, [first]) == 0)
        #expect(try open().migrate(applicationID: 7, [first, second]) == 1)
        #expect(try open().migrate(applicationID: 7, [first, second]) == 2)
        let connection = try open()
        #expect(try connection.integer("SELECT count(*) FROM b") == 1)
        #expect(try connection.integer("PRAGMA user_version") == 2)
        #expect(try connection.text("PRAGMA journal_mode") == "wal")
    }

    @Test func `a migration that fails leaves the version before it`() throws {
        let connection = try open()
        let wrong = "CREATE TABLE c (z); INSERT INTO nowhere VALUES (1)"
        #expect(failure { try connection.migrate(applicationID: 7, [first, wrong]) }?.kind == .other)
        #expect(try connection.integer("PRAGMA user_version") == 1)
        #expect(try connection.integer("SELECT count(*) FROM sqlite_schema WHERE name='c'") == 0)
        #expect(!connection.isInTransaction)
        #expect(try connection.migrate(applicationID: 7, [first, second]) == 1)
    }

    @Test func `a newer schema is refused`() throws {
        try open().migrate(applicationID: 7, [first, second])
        let error = failure { try open().migrate(applicationID: 7, [first]) }
        #expect(error?.kind == .foreignSchema)
        #expect(error?.message.contains("version 2") == true)
    }

    @Test func `another program's database is refused and stays as it was`() throws {
        try open().execute("CREATE TABLE theirs (x)")
        #expect(failure { try open().migrate(applicationID: 7, [first]) }?.kind == .foreignSchema)
        #expect(try open().text("PRAGMA journal_mode") == "delete")
        try open().execute("DROP TABLE theirs; PRAGMA user_version=3")
        #expect(failure { try open().migrate(applicationID: 7, [first]) }?.kind == .foreignSchema)
    }
}
