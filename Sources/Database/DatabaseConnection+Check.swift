extension DatabaseConnection {
    /// How thoroughly a file is looked through. https://www.sqlite.org/pragma.html#pragma_quick_check
    package enum Check: Sendable {
        /// Every page and every row, but not whether the indexes say the same as their tables.
        case quick
        /// That too.
        case full
    }

    /// What is wrong with the file, in one line of SQLite's own; nil: it is sound. Nothing is written.
    ///
    /// It reads all of the file: a second for some hundred megabytes, when they are cached.
    package func damage(_ check: Check) throws(DatabaseError) -> String? {
        let found: String?
        do {
            found = try text(check == .quick ? "PRAGMA quick_check(1)" : "PRAGMA integrity_check(1)")
        } catch {
            // Some damage keeps SQLite from checking at all.
            guard error.kind == .corrupt else { throw error }
            return error.message
        }
        guard let found, found != "ok" else { return nil }
        return found.split { $0.isNewline }.joined(separator: ": ")
    }
}
