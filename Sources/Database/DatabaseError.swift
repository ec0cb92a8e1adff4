internal import CSQLite

/// What SQLite said, sorted by who can help. The extended codes: https://www.sqlite.org/rescode.html
package struct DatabaseError: Error, Equatable, Sendable {
    package enum Kind: Sendable {
        /// No space left, or a quota (SQLITE_FULL).
        case full
        /// A read, write, sync or lock failed in the file system (SQLITE_IOERR). What was not yet synced may be lost.
        case inputOutput
        /// The file or its directory cannot be written (SQLITE_READONLY, SQLITE_PERM).
        case readOnly
        /// The file cannot be opened (SQLITE_CANTOPEN).
        case cannotOpen
        /// Not a database, or a damaged one (SQLITE_CORRUPT, SQLITE_NOTADB).
        case corrupt
        /// Another connection held a lock for longer than the busy timeout (SQLITE_BUSY, SQLITE_LOCKED).
        case busy
        /// A UNIQUE, NOT NULL or CHECK rule (SQLITE_CONSTRAINT).
        case constraint
        /// The schema is newer than this program, or another program's.
        case foreignSchema
        /// Anything else, out of memory included: a mistake of ours, or the end of the process is near.
        case other
    }

    package let kind: Kind
    /// SQLite's extended result code; 0 where the error is our own.
    package let code: Int32
    /// SQLite's text, with the name of the code, and the kernel's errno where it gave one.
    package let message: String
    /// The statement or call that failed. Never holds bound values.
    package let operation: String
    /// Whether a commit that failed like this may nevertheless be found in the file.
    package var isCommitUncertain: Bool { kind == .inputOutput }

    /// - code: 0 for an error of our own.
    package init(kind: Kind, code: Int32 = 0, message: String, operation: String) {
        self.kind = kind
        self.code = code
        self.message = message
        self.operation = operation
    }
}

extension DatabaseError: CustomStringConvertible {
    package var description: String { "\(message) (\(operation))" }
}

extension DatabaseError {
    /// The error of the call that has just failed on `handle`, which may be nil when none could be allocated.
    static func last(on handle: OpaquePointer?, code: Int32, operation: String) -> DatabaseError {
        // The text belongs to the most recent call on the handle: asked at once, on the connection's one thread.
        // https://www.sqlite.org/c3ref/errcode.html
        let text = unsafe handle.map { unsafe String(cString: sqlite3_errmsg($0)) } ?? Self.text(of: code)
        let number = unsafe handle.map { unsafe sqlite3_system_errno($0) } ?? 0
        // SQLITE_IOERR and SQLITE_CANTOPEN are the codes that carry an errno; others may show a stale one.
        let primary = code & 0xFF
        let hasNumber = number != 0 && (primary == SQLITE_IOERR || primary == SQLITE_CANTOPEN)
        return DatabaseError(
            kind: kind(of: code), code: code,
            message: text + " [SQLite \(code)" + (hasNumber ? ", errno \(number)]" : "]"), operation: operation)
    }

    static func foreign(_ message: String) -> DatabaseError {
        DatabaseError(kind: .foreignSchema, code: 0, message: message, operation: "open")
    }

    private static func text(of code: Int32) -> String { unsafe String(cString: sqlite3_errstr(code)) }

    private static func kind(of code: Int32) -> Kind {
        switch code & 0xFF {
        case SQLITE_FULL: .full
        case SQLITE_IOERR: .inputOutput
        case SQLITE_READONLY, SQLITE_PERM: .readOnly
        case SQLITE_CANTOPEN: .cannotOpen
        case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
        case SQLITE_BUSY, SQLITE_LOCKED: .busy
        case SQLITE_CONSTRAINT: .constraint
        default: .other
        }
    }
}
