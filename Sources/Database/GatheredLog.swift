internal import CSQLite

/// SQLite's own file system, but for one thing: what a transaction appends to the write-ahead log is written at once.
///
/// SQLite writes each frame of the log by two calls, a header of 24 bytes and a page
/// (https://www.sqlite.org/walformat.html#the_wal_file_format), and a call costs more than the bytes that it carries: a
/// transaction of 16 pages takes 100 microseconds by 32 calls and 6 by one.
///
/// Nothing is ever promised earlier than it is written. The frame that ends a transaction says so in its header; with
/// its page everything before it is written too, and it is the answer to that call that the commit fails or succeeds
/// by. What has no such end is written before anything else is done with the file: read, synced, measured, written
/// elsewhere. Where the transaction is rolled back instead it is forgotten before the lock for writing is let go.
enum GatheredLog {
    /// The name to open a database by; nil: the library's own is used as it is.
    static var fileSystemName: String? { unsafe base == nil ? nil : name }
    private static let name = "gathered-log"

    /// The frames of 30 pages: most transactions are shorter, longer ones take several calls.
    static let bufferBytes = 128 << 10
    /// A frame's header. Nothing else of the log is of this length, but for a header that is written again with a new
    /// checksum, which does not go to the end.
    private static let headerBytes: Int32 = 24
    /// `WAL_WRITE_LOCK`. https://www.sqlite.org/walformat.html#wal_locks
    private static let writeLockIndex: Int32 = 0

    /// The library's file system, and where our state begins behind the state of its files.
    ///
    /// The pointer is valid for the life of the process.
    @safe private struct Base {
        let fileSystem: UnsafeMutablePointer<sqlite3_vfs>
        let stateOffset: Int
    }

    /// Never changed once it is made, and nobody writes through its pointer.
    nonisolated(unsafe) private static let base: Base? = install()

    private static func install() -> Base? {
        guard let original = unsafe sqlite3_vfs_find(nil) else { return nil }
        let alignment = MemoryLayout<FileState>.alignment
        let offset = (Int(unsafe original.pointee.szOsFile) + alignment - 1) / alignment * alignment
        // Both live as long as the process.
        let copy = UnsafeMutablePointer<sqlite3_vfs>.allocate(capacity: 1)
        unsafe copy.initialize(to: original.pointee)
        let text = UnsafeMutableBufferPointer<CChar>.allocate(capacity: name.utf8.count + 1)
        _ = unsafe text.initialize(fromContentsOf: name.utf8CString)
        unsafe copy.pointee.zName = UnsafePointer(text.baseAddress)
        // What a newer library has added is not in our header.
        unsafe copy.pointee.iVersion = min(original.pointee.iVersion, 3)
        unsafe copy.pointee.szOsFile = Int32(offset + MemoryLayout<FileState>.size)
        unsafe copy.pointee.xOpen = { _, name, file, flags, outFlags in
            unsafe GatheredLog.open(name, file, flags, outFlags)
        }
        guard unsafe sqlite3_vfs_register(copy, 0) == SQLITE_OK else { return nil }
        return unsafe Base(fileSystem: original, stateOffset: offset)
    }

    /// Opens a file as the library does. Of a log and of its database some methods are replaced: "the pMethods field"
    /// of an open file is what SQLite calls it by. https://www.sqlite.org/c3ref/io_methods.html
    private static func open(
        _ name: UnsafePointer<CChar>?, _ file: UnsafeMutablePointer<sqlite3_file>?, _ flags: Int32,
        _ outFlags: UnsafeMutablePointer<Int32>?
    ) -> Int32 {
        guard let base = unsafe base, let file = unsafe file else { return SQLITE_ERROR }
        let result = unsafe base.fileSystem.pointee.xOpen(base.fileSystem, name, file, flags, outFlags)
        guard result == SQLITE_OK else { return result }
        if flags & SQLITE_OPEN_MAIN_DB != 0 {
            unsafe adopt(file) { methods in unsafe replaceDatabaseMethods(methods) }
        } else if flags & SQLITE_OPEN_WAL != 0, let name = unsafe name {
            // "If X is the name of a ... WAL-mode journal file that is passed into the xOpen method", this is the file
            // of its database. https://www.sqlite.org/c3ref/database_file_object.html
            guard let database = unsafe sqlite3_database_file_object(name), unsafe isWrittenInFrames(file) else {
                return result
            }
            unsafe adopt(file) { methods in unsafe replaceLogMethods(methods) }
            unsafe state(database).pointee.log = unsafe file
            unsafe state(file).pointee.database = unsafe database
        }
        return SQLITE_OK
    }

    /// Whether a frame is written as a header and a page, and not in other pieces. https://www.sqlite.org/psow.html
    private static func isWrittenInFrames(_ file: UnsafeMutablePointer<sqlite3_file>) -> Bool {
        let traits = unsafe file.pointee.pMethods?.pointee.xDeviceCharacteristics(file) ?? 0
        return traits & SQLITE_IOCAP_POWERSAFE_OVERWRITE != 0
    }

    private static func adopt(
        _ file: UnsafeMutablePointer<sqlite3_file>, _ replace: (UnsafeMutablePointer<sqlite3_io_methods>) -> Void
    ) {
        guard let original = unsafe file.pointee.pMethods else { return }
        let methods = UnsafeMutablePointer<sqlite3_io_methods>.allocate(capacity: 1)
        unsafe methods.initialize(to: original.pointee)
        // What a newer library has added is not in our header.
        unsafe methods.pointee.iVersion = min(original.pointee.iVersion, 3)
        unsafe methods.pointee.xClose = { file in
            guard let file = unsafe file else { return SQLITE_OK }
            return unsafe GatheredLog.close(file)
        }
        unsafe replace(methods)
        unsafe state(file).initialize(to: FileState(original: original, methods: methods))
        unsafe file.pointee.pMethods = UnsafePointer(methods)
    }

    /// Whoever lets go of the lock for writing has committed, and then all is written, or never will: another
    /// connection may write in the same place of the log from now on.
    private static func replaceDatabaseMethods(_ methods: UnsafeMutablePointer<sqlite3_io_methods>) {
        unsafe methods.pointee.xShmLock = { file, index, count, flags in
            guard let file = unsafe file else { return SQLITE_IOERR }
            let state = unsafe GatheredLog.state(file)
            if index == GatheredLog.writeLockIndex, flags & SQLITE_SHM_UNLOCK != 0, let log = unsafe state.pointee.log {
                unsafe GatheredLog.state(log).pointee.drop()
            }
            return unsafe state.pointee.original.pointee.xShmLock(file, index, count, flags)
        }
    }

    private static func replaceLogMethods(_ methods: UnsafeMutablePointer<sqlite3_io_methods>) {
        unsafe methods.pointee.xWrite = { file, bytes, amount, offset in
            guard let file = unsafe file, let bytes = unsafe bytes else { return SQLITE_IOERR }
            return unsafe GatheredLog.state(file).pointee.write(file, bytes, amount, offset)
        }
        unsafe methods.pointee.xRead = { file, bytes, amount, offset in
            guard let file = unsafe file else { return SQLITE_IOERR }
            let result = unsafe GatheredLog.state(file).pointee.flush(file)
            guard result == SQLITE_OK else { return result }
            return unsafe GatheredLog.state(file).pointee.original.pointee.xRead(file, bytes, amount, offset)
        }
        unsafe methods.pointee.xTruncate = { file, size in
            guard let file = unsafe file else { return SQLITE_IOERR }
            let result = unsafe GatheredLog.state(file).pointee.flush(file)
            guard result == SQLITE_OK else { return result }
            return unsafe GatheredLog.state(file).pointee.original.pointee.xTruncate(file, size)
        }
        unsafe methods.pointee.xSync = { file, flags in
            guard let file = unsafe file else { return SQLITE_IOERR }
            let result = unsafe GatheredLog.state(file).pointee.flush(file)
            guard result == SQLITE_OK else { return result }
            return unsafe GatheredLog.state(file).pointee.original.pointee.xSync(file, flags)
        }
        unsafe methods.pointee.xFileSize = { file, size in
            guard let file = unsafe file else { return SQLITE_IOERR }
            let result = unsafe GatheredLog.state(file).pointee.flush(file)
            guard result == SQLITE_OK else { return result }
            return unsafe GatheredLog.state(file).pointee.original.pointee.xFileSize(file, size)
        }
    }

    /// What is still gathered belongs to a transaction that was not committed: it is worth nothing.
    private static func close(_ file: UnsafeMutablePointer<sqlite3_file>) -> Int32 {
        let ended = unsafe state(file).move()
        if let database = unsafe ended.database { unsafe state(database).pointee.log = nil }
        unsafe file.pointee.pMethods = ended.original
        unsafe ended.buffer?.deallocate()
        unsafe ended.methods.deallocate()
        return unsafe ended.original.pointee.xClose(file)
    }

    private static func state(_ file: UnsafeMutablePointer<sqlite3_file>) -> UnsafeMutablePointer<FileState> {
        let offset = unsafe base?.stateOffset ?? 0
        return unsafe UnsafeMutableRawPointer(file).advanced(by: offset).assumingMemoryBound(to: FileState.self)
    }

    /// What one open log has gathered, or of a database which log is its own. It lies behind the library's own state of
    /// the file, in the same allocation.
    ///
    /// The pointers are valid until the file is closed, which is the last call with its state. A log is closed before
    /// its database.
    @safe private struct FileState {
        let original: UnsafePointer<sqlite3_io_methods>
        let methods: UnsafeMutablePointer<sqlite3_io_methods>
        var log: UnsafeMutablePointer<sqlite3_file>?
        var database: UnsafeMutablePointer<sqlite3_file>?
        /// There from the first frame on: most connections only read.
        var buffer: UnsafeMutableRawPointer?
        /// Where in the file the gathered bytes begin.
        private var start: Int64 = 0
        private var count = 0
        /// Where the last write ended; a header that begins there is appended. -1: not known.
        private var end: Int64 = -1
        /// The header of a frame is gathered, and its page comes next.
        private var expectsPage = false
        private var endsTransaction = false

        init(original: UnsafePointer<sqlite3_io_methods>, methods: UnsafeMutablePointer<sqlite3_io_methods>) {
            unsafe self.original = original
            unsafe self.methods = methods
        }

        mutating func write(
            _ file: UnsafeMutablePointer<sqlite3_file>, _ bytes: UnsafeRawPointer, _ amount: Int32, _ offset: Int64
        ) -> Int32 {
            if count > 0, offset != end {
                let result = unsafe flush(file)
                guard result == SQLITE_OK else { return result }
            }
            if expectsPage {
                expectsPage = false
                let isWhole = endsTransaction
                let result = unsafe gather(file, bytes, amount, offset)
                guard result == SQLITE_OK, isWhole else { return result }
                return unsafe flush(file)
            }
            if amount == GatheredLog.headerBytes, offset == end {
                let result = unsafe gather(file, bytes, amount, offset)
                guard result == SQLITE_OK else { return result }
                expectsPage = true
                // "For commit records, the size of the database file in pages after the commit. For all other records,
                // zero." https://www.sqlite.org/walformat.html#wal_frame_format
                endsTransaction = unsafe bytes.loadUnaligned(fromByteOffset: 4, as: UInt32.self) != 0
                return SQLITE_OK
            }
            let result = unsafe flush(file)
            guard result == SQLITE_OK else { return result }
            return unsafe writeThrough(file, bytes, amount, offset)
        }

        /// Forgets what is gathered.
        mutating func drop() {
            guard count > 0 else { return }
            count = 0
            expectsPage = false
            end = -1
        }

        /// Writes what is gathered.
        mutating func flush(_ file: UnsafeMutablePointer<sqlite3_file>) -> Int32 {
            expectsPage = false
            guard count > 0, let buffer = unsafe buffer else { return SQLITE_OK }
            let amount = Int32(count)
            // Whatever comes of it, it is not written a second time.
            count = 0
            return unsafe writeThrough(file, buffer, amount, start)
        }

        private mutating func gather(
            _ file: UnsafeMutablePointer<sqlite3_file>, _ bytes: UnsafeRawPointer, _ amount: Int32, _ offset: Int64
        ) -> Int32 {
            if count + Int(amount) > GatheredLog.bufferBytes {
                let result = unsafe flush(file)
                guard result == SQLITE_OK else { return result }
            }
            let room = unsafe buffer ?? .allocate(byteCount: GatheredLog.bufferBytes, alignment: 16)
            unsafe buffer = room
            if count == 0 { start = offset }
            // A header, or a page of at most 64 KiB.
            unsafe (room + count).copyMemory(from: bytes, byteCount: Int(amount))
            count += Int(amount)
            end = offset + Int64(amount)
            return SQLITE_OK
        }

        private mutating func writeThrough(
            _ file: UnsafeMutablePointer<sqlite3_file>, _ bytes: UnsafeRawPointer, _ amount: Int32, _ offset: Int64
        ) -> Int32 {
            let result = unsafe original.pointee.xWrite(file, bytes, amount, offset)
            end = result == SQLITE_OK ? offset + Int64(amount) : -1
            return result
        }
    }
}
