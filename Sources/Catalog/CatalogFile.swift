internal import Database
internal import Linux

/// The database file as the writer holds it: the connection, its statements, and the lock that commits and checkpoints
/// of all processes on this file are made under.
///
/// The lock is what makes SQLite before 3.51.3 safe here: a log must not be begun anew by one process while another
/// begins a checkpoint (https://www.sqlite.org/wal.html#walresetbug).
final class CatalogFile {
    let path: String
    let directory: String
    private let configuration: CatalogConfiguration
    private let lock: FileLock
    private var connection: DatabaseConnection?
    private var statements: CatalogStatements?

    /// Opens the file, brings the schema up to date, and proves by a synced write that it can be written.
    init(path: String, configuration: CatalogConfiguration) throws(CatalogTrouble) {
        self.path = path
        self.configuration = configuration
        directory = Files.parent(of: path) ?? "."
        // Opened before the lock file is made: its errors are the ones that a person understands.
        let opened = try Self.open(path, directory, configuration)
        do {
            lock = try FileLock(path + ".lock")
        } catch {
            throw CatalogTrouble(error, directory: directory)
        }
        try locked { () throws(DatabaseError) in
            try adopt(opened)
            // A log that a dead process left may be in memory only, where its last sync failed.
            _ = try opened.checkpoint(.truncate)
            try Self.prove(opened)
        }
    }

    var walPages: Int { connection?.walPages ?? 0 }

    /// Ends the connection. Nothing is checkpointed.
    func close() {
        statements = nil
        connection?.close()
        connection = nil
    }

    /// Runs `body` in one transaction, which is as durable as `synchronous` says when this returns.
    ///
    /// Where there is no room, it may be the log itself that took it: the log is copied and cut off, and `body` runs a
    /// second time.
    func transact(
        _ synchronous: DatabaseConnection.Synchronous,
        _ body: (CatalogStatements, DatabaseConnection) throws(DatabaseError) -> Void
    ) throws(CatalogTrouble) {
        try locked { () throws(DatabaseError) in
            guard let connection, let statements else { throw DatabaseError.notOpen }
            try connection.setSynchronous(synchronous)
            do throws(DatabaseError) {
                try Self.transact(statements, connection, body)
            } catch {
                guard error.kind == .full, (try? connection.checkpoint(.truncate)) == true else { throw error }
                try Self.transact(statements, connection, body)
            }
        }
    }

    private static func transact(
        _ statements: CatalogStatements, _ connection: DatabaseConnection,
        _ body: (CatalogStatements, DatabaseConnection) throws(DatabaseError) -> Void
    ) throws(DatabaseError) {
        try statements.begin.run()
        do throws(DatabaseError) {
            try body(statements, connection)
            try statements.commit.run()
        } catch {
            // Some errors have rolled back by themselves.
            if connection.isInTransaction { try? statements.rollback.run() }
            throw error
        }
    }

    /// Copies what can be copied of the log without waiting for readers.
    func checkpoint() throws(CatalogTrouble) {
        try locked { () throws(DatabaseError) in _ = try connection?.checkpoint(.passive) }
    }

    /// The last checkpoint of an orderly end; the log is left empty where no reader is in the way.
    func checkpointForGood() throws(CatalogTrouble) {
        try locked { () throws(DatabaseError) in _ = try connection?.checkpoint(.truncate) }
    }

    /// After an error that says nothing about the connection itself: proves that writing works again.
    func proveWritable() throws(CatalogTrouble) {
        try locked { () throws(DatabaseError) in
            guard let connection else { throw DatabaseError.notOpen }
            _ = try connection.checkpoint(.passive)
            try Self.prove(connection)
        }
    }

    /// After an error of the disk: a new connection, which reads what is really there.
    ///
    /// Whatever the log held is copied and synced into the database file before anything is written. A failed fsync is
    /// never repeated as if it had worked: the kernel has forgotten which pages it lost, so the log may have a hole on
    /// the disk that no read shows, and everything behind the hole would be lost with the power.
    func reopen() throws(CatalogTrouble) {
        close()
        let opened = try Self.open(path, directory, configuration)
        try locked { () throws(DatabaseError) in
            try adopt(opened)
            guard try opened.checkpoint(.truncate) else {
                throw DatabaseError.readerInTheWay
            }
            try Self.prove(opened)
        }
    }

    private func adopt(_ opened: DatabaseConnection) throws(DatabaseError) {
        try opened.migrate(applicationID: CatalogSchema.applicationID, CatalogSchema.migrations)
        statements = try CatalogStatements(
            opened, unregisteredMilliseconds: configuration.unregisteredMilliseconds)
        connection = opened
    }

    private static func open(
        _ path: String, _ directory: String, _ configuration: CatalogConfiguration
    ) throws(CatalogTrouble) -> DatabaseConnection {
        do {
            let connection = try DatabaseConnection(
                path: path, access: .creating, busyTimeoutMilliseconds: configuration.busyMilliseconds)
            try connection.execute(configuration.connectionSetUp)
            return connection
        } catch {
            throw CatalogTrouble(error, path: path, directory: directory)
        }
    }

    /// A commit that changes nothing and is synced all the same: the version is written over itself. It is read first,
    /// since a newer program may have raised it meanwhile.
    private static func prove(_ connection: DatabaseConnection) throws(DatabaseError) {
        try connection.setSynchronous(.full)
        do {
            try connection.execute("BEGIN IMMEDIATE")
            let version = try connection.integer("PRAGMA user_version") ?? 0
            try connection.execute("PRAGMA user_version=\(version); COMMIT")
        } catch {
            if connection.isInTransaction { try? connection.execute("ROLLBACK") }
            throw error
        }
    }

    private func locked(_ body: () throws(DatabaseError) -> Void) throws(CatalogTrouble) {
        let isLocked: Bool
        do {
            isLocked = try lock.lock(withinMilliseconds: configuration.busyMilliseconds)
        } catch {
            throw CatalogTrouble(error, directory: directory)
        }
        guard isLocked else { throw CatalogTrouble(.locked(path + ".lock"), path: path, directory: directory) }
        // Closing the file at the latest lets the lock go.
        defer { try? lock.unlock() }
        do {
            try body()
        } catch {
            throw CatalogTrouble(error, path: path, directory: directory)
        }
    }
}

extension DatabaseError {
    static let notOpen = DatabaseError(kind: .cannotOpen, message: "the file is not open", operation: "write")
    static let readerInTheWay = DatabaseError(
        kind: .busy, message: "a reader keeps the log from being copied", operation: "checkpoint")

    static func locked(_ path: String) -> DatabaseError {
        DatabaseError(kind: .busy, message: "another program holds the lock", operation: "flock \(path)")
    }
}
