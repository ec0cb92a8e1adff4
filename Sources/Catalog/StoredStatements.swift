internal import Database
internal import Gateway

/// The end of an upload that nobody waits for, on its way into the record.
struct StoredEnd {
    let row: Int64
    /// Milliseconds since 1970.
    let at: Int64
}

/// The statement that ends several uploads at once: a row costs it two thirds of a statement of its own.
///
/// Rows are named by a range of ids and a bit for each id in it: those of uploads that end together are neighbours, and
/// a list of ids would become a table of its own in SQLite.
struct StoredStatements {
    private let several: PreparedStatement
    /// Finds a row that was ended just so.
    private let ended: PreparedStatement

    static let rowsMin = 3
    private static let rowsMax = 8
    /// The bits of a positive number.
    private static let idsMax: Int64 = 63

    init(_ connection: DatabaseConnection, unregisteredMilliseconds: Int64?) throws(DatabaseError) {
        let stored = UploadLife.State.stored
        let times = "CASE id " + (0 ..< Int32(Self.rowsMax)).map { "WHEN ?\(5 + 2 * $0) THEN ?\(6 + 2 * $0)" }
            .joined(separator: " ") + " END"
        let expiry = unregisteredMilliseconds.map { "\(times) + \($0)" } ?? "NULL"
        several = try connection.prepare(
            """
            UPDATE uploads SET state = '\(stored.rawValue)', updated_ms = ?1, stored_ms = \(times), upload_id = NULL,
            expires_ms = \(expiry)
            WHERE id BETWEEN ?2 AND ?3 AND (?4 >> (id - ?2)) & 1 AND state IN \(CatalogSchema.list(stored.predecessors))
            """)
        ended = try connection.prepare(
            """
            SELECT 1 FROM uploads
            WHERE id = ?1 AND state = '\(stored.rawValue)' AND updated_ms = ?2 AND stored_ms = ?3
            """)
    }

    /// Writes the ends of different uploads within the open transaction.
    ///
    /// - Returns: the rows that were not in a state for it.
    func write(_ ends: [StoredEnd], on connection: DatabaseConnection, now: Int64) throws(DatabaseError) -> [Int64] {
        var refused: [Int64] = []
        var rest = ends.sorted { $0.row < $1.row }[...]
        while let first = rest.first {
            let together = rest.prefix(Self.rowsMax).prefix { $0.row - first.row < Self.idsMax }
            rest = rest.dropFirst(together.count)
            try bind(together, from: first, now: now)
            try several.run()
            if connection.changes == together.count { continue }
            for end in together {
                let isThere = try isWritten(end, now: now)
                if !isThere { refused.append(end.row) }
            }
        }
        return refused
    }

    private func bind(_ ends: ArraySlice<StoredEnd>, from first: StoredEnd, now: Int64) throws(DatabaseError) {
        var bits: Int64 = 0
        var parameter: Int32 = 5
        var last = first
        for end in ends {
            bits |= 1 << (end.row - first.row)
            try several.bind(parameter, end.row)
            try several.bind(parameter + 1, end.at)
            parameter += 2
            last = end
        }
        // What an earlier use left in the rest is never asked for: its rows have no bit.
        try several.bind(1, now)
        try several.bind(2, first.row)
        try several.bind(3, last.row)
        try several.bind(4, bits)
    }

    private func isWritten(_ end: StoredEnd, now: Int64) throws(DatabaseError) -> Bool {
        try ended.bind(1, end.row)
        try ended.bind(2, now)
        try ended.bind(3, end.at)
        defer { ended.reset() }
        return try ended.step()
    }
}
