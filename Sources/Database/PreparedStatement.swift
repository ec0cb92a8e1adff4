internal import Bytes
internal import CSQLite

/// A compiled statement. Bind its parameters (numbered from 1), step through its rows, reset it, use it again.
///
/// The pointer is valid until ``finalize()``, after which every use traps; its connection calls that before it closes.
@safe package final class PreparedStatement {
    private let handle: OpaquePointer
    private let connection: OpaquePointer
    private let sql: String
    private var isFinalized = false
    /// Where the text of each parameter stands, the first at 0: bound once, a place serves all later uses.
    private var places: [Place] = []

    /// Invariant: the pointer is memory of the statement's own, valid until a longer text takes its place or the
    /// statement is finalised; SQLite reads it only while it is bound.
    @safe private struct Place {
        let start: UnsafeMutableRawPointer
        let capacity: Int

        init(capacity: Int) {
            unsafe start = .allocate(byteCount: capacity, alignment: 1)
            self.capacity = capacity
        }
    }

    /// A longer text is copied by the library each time.
    private static let placeBytesMax = 1_024

    init(handle: OpaquePointer, connection: OpaquePointer, sql: String) {
        unsafe self.handle = handle
        unsafe self.connection = connection
        self.sql = sql
    }

    deinit { finalize() }

    package func bind(_ index: Int32, _ value: Int64) throws(DatabaseError) {
        try checked(unsafe sqlite3_bind_int64(live, index, value))
    }

    /// Text in UTF-8; nil is NULL.
    package func bind(_ index: Int32, _ value: String?) throws(DatabaseError) {
        guard let value else { return try bindNull(index) }
        let bytes = value.utf8Span.span
        guard bytes.count <= Self.placeBytesMax else {
            return try checked(unsafe bytes.withUnsafeBufferPointer { buffer in
                unsafe csqlite_bind_text(live, index, buffer.baseAddress, UInt64(buffer.count))
            })
        }
        // SQLite would refuse this only after the bytes that it reads had changed.
        try checked(unsafe sqlite3_stmt_busy(live) == 0 ? SQLITE_OK : SQLITE_MISUSE)
        let place = try unsafe place(of: index, bytes.count)
        unsafe bytes.withUnsafeBytes { buffer in
            guard let base = buffer.baseAddress else { return }
            unsafe place.copyMemory(from: base, byteCount: buffer.count)
        }
        try checked(unsafe csqlite_bind_kept_text(live, index, place, UInt64(bytes.count)))
    }

    /// Room for so many bytes that stay where they are until the parameter is bound again.
    private func place(of index: Int32, _ count: Int) throws(DatabaseError) -> UnsafeMutableRawPointer {
        let number = Int(index) - 1
        if number < places.count, places[number].capacity >= count {
            return unsafe places[number].start
        }
        // What stood there is bound no more from here on.
        try bindNull(index)
        while places.count <= number { places.append(Place(capacity: 64)) }
        if places[number].capacity < count {
            unsafe places[number].start.deallocate()
            places[number] = Place(capacity: count * 2)
        }
        return unsafe places[number].start
    }

    /// A blob.
    package func bind(_ index: Int32, bytes: Span<UInt8>) throws(DatabaseError) {
        try checked(unsafe bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return unsafe sqlite3_bind_zeroblob(live, index, 0) }
            return unsafe csqlite_bind_blob(live, index, base, UInt64(buffer.count))
        })
    }

    package func bindNull(_ index: Int32) throws(DatabaseError) {
        try checked(unsafe sqlite3_bind_null(live, index))
    }

    /// Goes to the next row; `false`: there is none, the statement has done its work.
    package func step() throws(DatabaseError) -> Bool {
        let result = unsafe sqlite3_step(live)
        if result == SQLITE_ROW { return true }
        guard result == SQLITE_DONE else {
            let error = unsafe DatabaseError.last(on: connection, code: result, operation: sql)
            reset()
            throw error
        }
        return false
    }

    /// Runs a statement that returns no rows, and makes it ready for the next use.
    package func run() throws(DatabaseError) {
        _ = try step()
        reset()
    }

    /// Makes the statement ready for the next use. Bindings stay until they are bound again.
    package func reset() {
        // "If the most recent call to sqlite3_step(S) ... indicated an error, then sqlite3_reset(S) returns an
        // appropriate error code": the same one, told already. https://www.sqlite.org/c3ref/reset.html
        unsafe sqlite3_reset(live)
    }

    // Columns of the current row, numbered from 0.

    package func isNull(_ column: Int32) -> Bool {
        unsafe sqlite3_column_type(live, column) == SQLITE_NULL
    }

    package func integer(_ column: Int32) -> Int64 { unsafe sqlite3_column_int64(live, column) }

    /// nil: NULL.
    package func optionalInteger(_ column: Int32) -> Int64? { isNull(column) ? nil : integer(column) }

    /// nil: NULL. Ill-formed UTF-8, which only another program can have written, is repaired.
    package func text(_ column: Int32) -> String? {
        // The order that the manual asks for: the pointer first, then the count.
        // https://www.sqlite.org/c3ref/column_blob.html
        guard let start = unsafe sqlite3_column_text(live, column) else { return nil }
        let count = Int(unsafe sqlite3_column_bytes(live, column))
        return unsafe String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    }

    /// A copy of a blob; empty for an empty one and for NULL.
    package func bytes(_ column: Int32) -> [UInt8] {
        guard let start = unsafe sqlite3_column_blob(live, column) else { return [] }
        let count = Int(unsafe sqlite3_column_bytes(live, column))
        return unsafe [UInt8](UnsafeRawBufferPointer(start: start, count: count))
    }

    /// Ends the statement. A second call does nothing.
    func finalize() {
        guard !isFinalized else { return }
        isFinalized = true
        unsafe sqlite3_finalize(handle)
        for place in places { unsafe place.start.deallocate() }
        places = []
    }

    private var live: OpaquePointer {
        precondition(!isFinalized, "the statement has ended with its connection")
        return unsafe handle
    }

    private func checked(_ result: Int32) throws(DatabaseError) {
        guard result == SQLITE_OK else {
            throw unsafe DatabaseError.last(on: connection, code: result, operation: sql)
        }
    }
}
