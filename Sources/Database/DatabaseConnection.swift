internal import CSQLite
internal import Glibc

/// One connection to a SQLite file in WAL mode, for one thread.
///
/// It never checkpoints by itself. SQLite from 3.7.0 to 3.51.2 can lose commits when the log is reset while another
/// connection begins a checkpoint, so checkpoints belong to one writer and are made under a lock of ours.
/// https://www.sqlite.org/wal.html#walresetbug
///
/// The pointers are valid from `init` to ``close()``, which `deinit` calls; nothing but this class and its statements
/// touches them, and neither is Sendable.
@safe package final class DatabaseConnection {
    package enum Access: Sendable {
        /// Makes the file where it is missing, readable and writable by its owner alone.
        case creating
        /// Must exist.
        case writing
        /// Must exist; statements that write are refused (`query_only`).
        case readingOnly
    }

    /// What a commit waits for: `PRAGMA synchronous`. https://www.sqlite.org/pragma.html#pragma_synchronous
    package enum Synchronous: Sendable {
        /// The log is written and not synced: "WAL mode is always consistent with synchronous=NORMAL, but WAL mode does
        /// lose durability". A commit survives the process, not a power loss.
        case normal
        /// The log is synced after each commit, which then survives a power loss.
        case full
    }

    let handle: OpaquePointer
    private let busyTimeoutMilliseconds: Int32
    private var isOpen = true
    private var statements: [PreparedStatement] = []
    private var synchronous = Synchronous.full
    /// Written by the log hook, which runs inside of calls on this connection.
    private let walPagesPointer: UnsafeMutablePointer<Int32>

    /// Opens the file and sets the connection up; nothing is migrated.
    package init(
        path: String, access: Access, busyTimeoutMilliseconds: Int32 = 5_000
    ) throws(DatabaseError) {
        _ = Self.librarySetUp
        self.busyTimeoutMilliseconds = busyTimeoutMilliseconds
        if case .creating = access { Self.makePrivateFile(path) }
        // NOMUTEX: one thread at a time uses the connection. EXRESCODE: extended codes, from the opening itself on.
        // https://www.sqlite.org/c3ref/open.html
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        var opened: OpaquePointer?
        let result = unsafe sqlite3_open_v2(path, &opened, flags, nil)
        guard result == SQLITE_OK, let opened = unsafe opened else {
            let error = unsafe DatabaseError.last(on: opened, code: result, operation: "open \(path)")
            // "Whether or not an error occurs when it is opened, resources associated with the database connection
            // handle should be released by passing it to sqlite3_close()". https://www.sqlite.org/c3ref/open.html
            unsafe sqlite3_close_v2(opened)
            throw error
        }
        unsafe handle = opened
        unsafe walPagesPointer = .allocate(capacity: 1)
        unsafe walPagesPointer.initialize(to: 0)
        unsafe sqlite3_busy_timeout(opened, busyTimeoutMilliseconds)
        // A write-protected file is opened for reading alone, without an error. https://www.sqlite.org/c3ref/open.html
        if access != .readingOnly, unsafe sqlite3_db_readonly(opened, "main") == 1 {
            throw DatabaseError(
                kind: .readOnly, code: SQLITE_READONLY, message: "the file is write-protected",
                operation: "open \(path)")
        }
        try configure(access)
    }

    deinit {
        close()
        unsafe walPagesPointer.deallocate()
    }

    /// Ends every statement and closes the file. Nothing is checkpointed. A second call does nothing.
    package func close() {
        guard isOpen else { return }
        isOpen = false
        for statement in statements { statement.finalize() }
        statements = []
        // With statements left, "it returns SQLITE_OK regardless" and waits for their end; there are none here.
        // https://www.sqlite.org/c3ref/close.html
        unsafe sqlite3_close_v2(handle)
    }

    /// Runs statements that return nothing, one after another.
    package func execute(_ sql: String) throws(DatabaseError) {
        precondition(isOpen, "the connection is closed")
        let result = unsafe sqlite3_exec(handle, sql, nil, nil, nil)
        guard result == SQLITE_OK else {
            throw unsafe DatabaseError.last(on: handle, code: result, operation: sql)
        }
    }

    /// A statement that is kept for use again and again, until the connection closes.
    package func prepare(_ sql: String) throws(DatabaseError) -> PreparedStatement {
        precondition(isOpen, "the connection is closed")
        var prepared: OpaquePointer?
        // PERSISTENT: "the prepared statement will be retained for a long time and probably reused many times".
        // https://www.sqlite.org/c3ref/c_prepare_dont_log.html
        let result = unsafe sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &prepared, nil)
        guard result == SQLITE_OK, let prepared = unsafe prepared else {
            throw unsafe DatabaseError.last(on: handle, code: result, operation: sql)
        }
        let statement = unsafe PreparedStatement(handle: prepared, connection: handle, sql: sql)
        statements.append(statement)
        return statement
    }

    /// The first column of the first row as a number; nil when there is no row, or NULL in it.
    package func integer(_ sql: String) throws(DatabaseError) -> Int64? {
        let statement = try prepare(sql)
        defer { drop(statement) }
        guard try statement.step(), !statement.isNull(0) else { return nil }
        return statement.integer(0)
    }

    /// The first column of the first row as text; nil when there is no row, or NULL in it.
    package func text(_ sql: String) throws(DatabaseError) -> String? {
        let statement = try prepare(sql)
        defer { drop(statement) }
        guard try statement.step() else { return nil }
        return statement.text(0)
    }

    /// The id of the last row that this connection inserted.
    package var lastInsertedID: Int64 { unsafe sqlite3_last_insert_rowid(handle) }

    /// The rows that the last statement changed.
    package var changes: Int64 { unsafe sqlite3_changes64(handle) }

    /// Whether a transaction is open: some errors roll it back by themselves.
    /// https://www.sqlite.org/lang_transaction.html#response_to_errors_within_a_transaction
    package var isInTransaction: Bool { unsafe sqlite3_get_autocommit(handle) == 0 }

    /// Sets what the coming commits wait for. Not within a transaction, where SQLite ignores it.
    package func setSynchronous(_ wanted: Synchronous) throws(DatabaseError) {
        guard wanted != synchronous else { return }
        try execute(wanted == .full ? "PRAGMA synchronous=FULL" : "PRAGMA synchronous=NORMAL")
        synchronous = wanted
    }

    /// How many pages the write-ahead log held after this connection's last commit or checkpoint.
    package var walPages: Int { Int(unsafe walPagesPointer.pointee) }

    /// "The sqlite3_config() interface may only be invoked prior to library initialization", which the first opening
    /// does. Where another part of the process came first, the library refuses and works as it did.
    /// https://www.sqlite.org/c3ref/config.html
    private static let librarySetUp: Int32 = csqlite_disable_memory_statistics()

    private func drop(_ statement: PreparedStatement) {
        statement.finalize()
        statements.removeAll { $0 === statement }
    }

    /// SQLite itself makes files with 0644; log and index get the rights of the database file. An error shows at the
    /// opening, with SQLite's own words.
    ///
    /// EXCL, so that a file that is there is neither opened nor closed: closing any descriptor of it would drop the
    /// locks of all other connections of this process. https://www.sqlite.org/howtocorrupt.html#posix_close_bug
    private static func makePrivateFile(_ path: String) {
        let descriptor = unsafe open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if descriptor >= 0 { Glibc.close(descriptor) }
    }

    private func configure(_ access: Access) throws(DatabaseError) {
        // Without it, "when a database in wal mode is closed ... SQLite checks if this will mean that there are now no
        // connections at all to the database. If so, it performs a checkpoint": never here, see above.
        // https://www.sqlite.org/c3ref/c_dbconfig_defensive.html
        try configure(SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, "NO_CKPT_ON_CLOSE")
        try configure(SQLITE_DBCONFIG_DEFENSIVE, 1, "DEFENSIVE")
        try configure(SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, "TRUSTED_SCHEMA")
        if case .readingOnly = access { try execute("PRAGMA query_only=1") }
        try execute("PRAGMA synchronous=FULL")
        try execute("PRAGMA wal_autocheckpoint=0")
        try execute("PRAGMA cell_size_check=ON")
        // The upper levels of a table of a million rows, and the rows of what is under way: the rest is in the page
        // cache of the kernel.
        try execute("PRAGMA cache_size=-1024")
        try execute("PRAGMA temp_store=MEMORY")
        // After wal_autocheckpoint, which "is a wrapper around sqlite3_wal_hook()" and takes the hook's place.
        // https://www.sqlite.org/c3ref/wal_autocheckpoint.html
        unsafe sqlite3_wal_hook(handle, { context, _, _, pages in
            unsafe context?.assumingMemoryBound(to: Int32.self).pointee = pages
            return SQLITE_OK
        }, walPagesPointer)
    }

    private func configure(_ option: Int32, _ value: Int32, _ name: String) throws(DatabaseError) {
        let result = unsafe csqlite_configure(handle, option, value)
        guard result == SQLITE_OK else {
            throw unsafe DatabaseError.last(on: handle, code: result, operation: "db_config \(name)")
        }
    }

    fileprivate func setWALPages(_ pages: Int32) { unsafe walPagesPointer.pointee = pages }
}

extension DatabaseConnection {
    /// How long ``Checkpoint/truncate`` waits for others: a commit or a look takes less.
    private static let truncateMilliseconds: Int32 = 100

    /// How far a checkpoint goes. https://www.sqlite.org/c3ref/wal_checkpoint_v2.html
    package enum Checkpoint: Sendable {
        /// "Checkpoint as many frames as possible without waiting for any database readers or writers to finish."
        case passive
        /// Waits for readers and writers, but not for long, and at the end "truncates the log file to zero bytes".
        case truncate
    }

    /// Copies the log into the database file, and syncs both. `true`: everything that is in the log has been copied.
    package func checkpoint(_ mode: Checkpoint) throws(DatabaseError) -> Bool {
        var logged: Int32 = 0
        var copied: Int32 = 0
        let raw = mode == .passive ? SQLITE_CHECKPOINT_PASSIVE : SQLITE_CHECKPOINT_TRUNCATE
        // It keeps the right to write while it waits: a reader that stays, a backup for instance, would stop all
        // commits for as long as statements wait.
        let waits = min(Self.truncateMilliseconds, busyTimeoutMilliseconds)
        if mode == .truncate { unsafe sqlite3_busy_timeout(handle, waits) }
        let result = unsafe sqlite3_wal_checkpoint_v2(handle, nil, raw, &logged, &copied)
        if mode == .truncate { unsafe sqlite3_busy_timeout(handle, busyTimeoutMilliseconds) }
        // SQLITE_BUSY: a reader or writer stood in the way; what could be copied has been.
        if result & 0xFF == SQLITE_BUSY { return false }
        guard result == SQLITE_OK else {
            throw unsafe DatabaseError.last(on: handle, code: result, operation: "checkpoint")
        }
        let isComplete = logged == copied
        // The next commit begins the log anew once all of it is copied.
        setWALPages(isComplete ? 0 : logged)
        return isComplete
    }
}
