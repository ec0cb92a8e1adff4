internal import Database
internal import Gateway

/// The entries of one transaction. Those of a kind are written together where nobody can tell the difference.
extension CatalogStatements {
    /// Performs entries within the open transaction; their results are in their order.
    ///
    /// - The rows of openings are made first: nobody can speak of them yet. An opening with a key keeps its place,
    ///   since what comes before it may free the key.
    /// - Then the ends of uploads that nobody waits for, but for those of which something else is said before.
    func perform(
        _ positions: [Int], of requests: ArraySlice<JournalRequest>, on connection: DatabaseConnection,
        instance: String, now: Int64, into results: inout [JournalResult]
    ) throws(DatabaseError) {
        results.removeAll(keepingCapacity: true)
        let group = EntryGroup(positions, of: requests)
        var id = try openings.insert(group.records, on: connection, instance: instance, now: now)
        let refused = try ends.write(group.ends, on: connection, now: now)
        var ended = group.endPositions[...]
        for position in positions {
            if requests[position].entry.keylessOpening != nil {
                results.append(.committed(imageID: id))
                id += 1
            } else if position == ended.first, let row = requests[position].entry.row {
                ended = ended.dropFirst()
                results.append(refused.contains(row) ? .failed(.conflict) : .committed(imageID: row))
            } else {
                results.append(try perform(requests[position].entry, on: connection, instance: instance, now: now))
            }
        }
    }
}

/// What of a transaction's entries is written together.
private struct EntryGroup {
    private(set) var records: [OpeningRecord] = []
    private(set) var ends: [StoredEnd] = []
    /// Where the ends stand, in the order of the entries.
    private(set) var endPositions: [Int] = []

    init(_ positions: [Int], of requests: ArraySlice<JournalRequest>) {
        var others: [Int64] = []
        for position in positions {
            if let record = requests[position].entry.keylessOpening {
                records.append(record)
            } else if case .stored(let row, let at) = requests[position].entry, requests[position].replyTo == nil,
                !others.contains(row)
            {
                ends.append(StoredEnd(row: row, at: at))
                endPositions.append(position)
                others.append(row)
            } else if let row = requests[position].entry.row {
                others.append(row)
            }
        }
        guard ends.count < StoredStatements.rowsMin else { return }
        ends = []
        endPositions = []
    }
}

extension JournalEntry {
    /// The record of an opening that has no `Idempotency-Key`.
    fileprivate var keylessOpening: OpeningRecord? {
        guard case .opening(let record) = self, record.idempotencyKey == nil else { return nil }
        return record
    }
}
