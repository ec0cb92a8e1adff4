internal import Database
internal import Gateway

/// The statements that make rows, one or several at once: what a statement costs beside its rows is then paid once,
/// the counter of `AUTOINCREMENT` above all, and a row costs two thirds.
struct OpeningStatements {
    /// Those for the most rows first; the last is for one.
    private let inserts: [(rows: Int, statement: PreparedStatement)]

    init(_ connection: DatabaseConnection) throws(DatabaseError) {
        var inserts: [(rows: Int, statement: PreparedStatement)] = []
        for rows in [8, 4, 2, 1] { inserts.append((rows, try connection.prepare(Self.text(rows: rows)))) }
        self.inserts = inserts
    }

    private static let sharedParameters: Int32 = 2
    private static let rowParameters: Int32 = 7

    private static func text(rows: Int) -> String {
        // As ``OpeningRecord/state`` has it.
        let (unknown, whole) = ("'\(UploadLife.State.opening.rawValue)'", "'\(UploadLife.State.completing.rawValue)'")
        var values: [String] = []
        for row in 0 ..< Int32(rows) {
            let first = sharedParameters + row * rowParameters + 1
            let own = (first ..< first + rowParameters).map { "?\($0)" }.joined(separator: ", ")
            values.append("(\(own), ?1, ?2, iif(?\(first + 6) IS NULL, \(unknown), \(whole)))")
        }
        return """
            INSERT INTO uploads
            (key, owner, content_type, name, record_token, created_ms, size, instance, updated_ms, state)
            VALUES \(values.joined(separator: ", "))
            """
    }

    /// Makes a row for each record within the open transaction.
    ///
    /// - Returns: the id of the first; the others follow it without a gap, because SQLite gives each row one more than
    ///   the largest before it, and nobody else writes meanwhile. 0 without records.
    func insert(
        _ records: [OpeningRecord], on connection: DatabaseConnection, instance: String, now: Int64
    ) throws(DatabaseError) -> Int64 {
        var rest = records[...]
        for (rows, statement) in inserts {
            while rest.count >= rows {
                try statement.bind(1, instance)
                try statement.bind(2, now)
                var next = Self.sharedParameters
                for record in rest.prefix(rows) {
                    try statement.bind(next + 1, record.key)
                    try statement.bind(next + 2, record.owner)
                    try statement.bind(next + 3, record.contentType)
                    try statement.bind(next + 4, record.filename)
                    try statement.bind(next + 5, record.recordToken)
                    try statement.bind(next + 6, record.createdMilliseconds)
                    if let bytes = record.fileBytes {
                        try statement.bind(next + 7, bytes)
                    } else {
                        try statement.bindNull(next + 7)
                    }
                    next += Self.rowParameters
                }
                try statement.run()
                rest = rest.dropFirst(rows)
            }
        }
        return records.isEmpty ? 0 : connection.lastInsertedID - Int64(records.count) + 1
    }
}
