internal import Gateway

/// The two transactions that a batch becomes: what need not be synced is committed and answered first, so that it does
/// not wait for the disk, then everything that must be.
struct JournalGroups {
    /// Positions in the batch, in its order.
    private(set) var unsynced: [Int] = []
    private(set) var synced: [Int] = []
    private var syncedRows: [Int64] = []

    /// Sorts a batch. Writes to one row never overtake each other: what follows a synced write to the same row is
    /// synced with it.
    mutating func sort(_ entries: ArraySlice<JournalRequest>) {
        unsynced.removeAll(keepingCapacity: true)
        synced.removeAll(keepingCapacity: true)
        syncedRows.removeAll(keepingCapacity: true)
        for position in entries.indices {
            let entry = entries[position].entry
            if entry.state.durability == .machine {
                synced.append(position)
                if let row = entry.row { syncedRows.append(row) }
            } else if let row = entry.row, syncedRows.contains(row) {
                synced.append(position)
            } else {
                unsynced.append(position)
            }
        }
    }
}

extension JournalEntry {
    /// The state that the entry writes.
    var state: UploadLife.State {
        switch self {
        case .opening: .opening
        case .uploadID: .streaming
        case .completing: .completing
        case .stored: .stored
        case .aborting: .aborting
        case .gone: .gone
        }
    }

    /// The row that it changes; nil for the one that makes its own.
    var row: Int64? {
        switch self {
        case .opening: nil
        case .uploadID(let id, _), .completing(let id, _, _), .stored(let id, _), .aborting(let id), .gone(let id): id
        }
    }
}
