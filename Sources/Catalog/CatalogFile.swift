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
    private var identity: CatalogIdentity?
    /// The log was gone while we had it open: with it, commits that somebody was told of.
    private var lacksLog = false

    /// Opens the file, brings the schema up to date, and proves by a synced write that it can be written.
    init(path: String, configuration: CatalogConfiguration) throws(CatalogTrouble) {
        self.path = path
        self.configuration = configuration
        directory = Files.parent(of: path) ?? "."
        // Opened before the lock file is made: its errors are the ones that a person understands.
        let opened = try Self.open(path, directory, configuration, .creating)
        try Self.inspect(opened, path, directory, bytesMax: configuration.checkBytesMax)
        do {
            lock = try FileLock(path + ".lock")
        } catch {
            throw CatalogTrouble(error, directory: directory)
        }
        // A log that a dead process left may be in memory only, where its last sync failed.
        try locked(renewsLog: true) { () throws(DatabaseError) in
            try adopt(opened)
            _ = try opened.checkpoint(.truncate)
            try Self.prove(opened)
        }
        identity = CatalogIdentity(path: path)
    }

    /// Looks at a file before anything of it is changed: one that is another program's, of a newer version, or damaged
    /// stays byte for byte what it was.
    private static func inspect(
        _ connection: DatabaseConnection, _ path: String, _ directory: String, bytesMax: Int64
    ) throws(CatalogTrouble) {
        do {
            let version = try connection.schemaVersion(
                applicationID: CatalogSchema.applicationID, newest: CatalogSchema.migrations.count)
            guard version > 0, let facts = try? Files.facts(path), facts.bytes <= bytesMax else { return }
            try refuseDamage(connection)
        } catch {
            throw CatalogTrouble(error, path: path, directory: directory)
        }
    }

    private static func refuseDamage(_ connection: DatabaseConnection) throws(DatabaseError) {
        guard let damage = try connection.damage(.quick) else { return }
        throw DatabaseError(kind: .corrupt, message: "the file is damaged: \(damage)", operation: "quick_check")
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
            if synchronous == .full, identity?.isStillThere(path: path, countsLog: true) == false {
                lacksLog = true
                throw DatabaseError.anotherFile
            }
            try connection.setSynchronous(synchronous)
            do throws(DatabaseError) {
                try Self.transact(statements, connection, body)
            } catch {
                guard error.kind == .full, try connection.checkpoint(.truncate) else { throw error }
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

    /// After a full disk: proves that there is room for more than one page, by taking it in the log and in the file
    /// and giving it back. The file keeps the pages, as a reserve for the rows that come.
    func proveRoom() throws(CatalogTrouble) {
        guard configuration.roomBytes > 0 else { return }
        try locked { () throws(DatabaseError) in
            guard let connection else { throw DatabaseError.notOpen }
            try connection.setSynchronous(.full)
            do throws(DatabaseError) {
                // A process that died here has left the table.
                try connection.execute(
                    """
                    BEGIN IMMEDIATE; DROP TABLE IF EXISTS room; CREATE TABLE room (bytes BLOB) STRICT;
                    INSERT INTO room VALUES (zeroblob(\(configuration.roomBytes))); COMMIT
                    """)
                _ = try connection.checkpoint(.passive)
                try connection.execute("DROP TABLE room")
                _ = try connection.checkpoint(.truncate)
            } catch {
                if connection.isInTransaction { try? connection.execute("ROLLBACK") }
                throw error
            }
        }
    }

    /// After an error of the disk: a new connection, which reads what is really there.
    ///
    /// Whatever the log held is copied and synced into the database file before anything is written.
    func reopen(afterDamage mayBeDamaged: Bool) throws(CatalogTrouble) {
        close()
        // What is committed to a file that has lost its name is lost with it; and a file that has taken the name is
        // another record, in which nothing of what is under way is known.
        if identity?.isStillThere(path: path, countsLog: lacksLog) == false {
            throw CatalogTrouble(.anotherFile, path: path, directory: directory)
        }
        let opened = try Self.open(path, directory, configuration, .writing)
        try locked(renewsLog: true) { () throws(DatabaseError) in
            if mayBeDamaged { try Self.refuseDamage(opened) }
            try adopt(opened)
            guard try opened.checkpoint(.truncate) else {
                throw DatabaseError.readerInTheWay
            }
            try Self.prove(opened)
        }
        identity = CatalogIdentity(path: path)
        lacksLog = false
    }

    /// Writes the log over itself and syncs it, before any of it is copied into the database file.
    ///
    /// A failed fsync is never repeated as if it had worked: the kernel holds the pages that it lost for written, so
    /// the log may have a hole on the disk that no read shows, and a second fsync would succeed without writing them. A
    /// power loss in the middle of a checkpoint from such a log would leave half of a transaction in the file. Written
    /// again, the pages are on the disk or the error comes back.
    private func renewLog() throws(CatalogTrouble) {
        do {
            guard let facts = try Files.facts(path + "-wal"), facts.bytes > 0 else { return }
            // SQLite's own locks are on the database file and the index, so that closing this one loses none of them.
            try Files.open(path + "-wal", .readWrite).rewriteAndSynchronise()
        } catch {
            throw CatalogTrouble(.renewalFailed(error), path: path, directory: directory)
        }
    }

    private func adopt(_ opened: DatabaseConnection) throws(DatabaseError) {
        try opened.migrate(applicationID: CatalogSchema.applicationID, CatalogSchema.migrations)
        statements = try CatalogStatements(
            opened, unregisteredMilliseconds: configuration.unregisteredMilliseconds,
            idempotency: configuration.idempotency)
        connection = opened
    }

    private static func open(
        _ path: String, _ directory: String, _ configuration: CatalogConfiguration,
        _ access: DatabaseConnection.Access
    ) throws(CatalogTrouble) -> DatabaseConnection {
        do {
            let connection = try DatabaseConnection(
                path: path, access: access, busyTimeoutMilliseconds: configuration.busyMilliseconds)
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

    private func locked(
        renewsLog: Bool = false, _ body: () throws(DatabaseError) -> Void
    ) throws(CatalogTrouble) {
        let isLocked: Bool
        do {
            isLocked = try lock.lock(withinMilliseconds: configuration.busyMilliseconds)
        } catch {
            throw CatalogTrouble(error, directory: directory)
        }
        guard isLocked else { throw CatalogTrouble(.locked(path + ".lock"), path: path, directory: directory) }
        // Closing the file at the latest lets the lock go.
        defer { try? lock.unlock() }
        if renewsLog { try renewLog() }
        do {
            try body()
        } catch {
            throw CatalogTrouble(error, path: path, directory: directory)
        }
    }
}

extension DatabaseError {
    static let notOpen = DatabaseError(kind: .cannotOpen, message: "the file is not open", operation: "write")
    static let anotherFile = DatabaseError(
        kind: .cannotOpen,
        message: "the file, or the -wal beside it, was moved, removed or replaced while Sluice has it open",
        operation: "write")
    static let readerInTheWay = DatabaseError(
        kind: .busy, message: "a reader keeps the log from being copied", operation: "checkpoint")

    static func renewalFailed(_ error: SystemError) -> DatabaseError {
        DatabaseError(
            kind: error.isNoSpace ? .full : error.isPermission ? .readOnly : .inputOutput, message: error.description,
            operation: "renew the log")
    }

    static func locked(_ path: String) -> DatabaseError {
        DatabaseError(kind: .busy, message: "another program holds the lock", operation: "flock \(path)")
    }
}
