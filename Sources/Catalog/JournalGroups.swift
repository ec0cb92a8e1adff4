internal import Gateway

/// The two transactions that a batch becomes: what somebody waits for and need not be synced is committed and answered
/// first, so that it does not wait for the disk, then everything that must be synced. Where syncing is cheap they are
/// one, which writes fewer pages and saves a commit.
struct JournalGroups {
    /// Positions in the batch, in its order.
    private(set) var unsynced: [Int] = []
    private(set) var synced: [Int] = []
    private var syncedRows: [Int64] = []

    /// Sorts a batch. Writes to one row never overtake each other: what follows a synced write to the same row is
    /// synced with it. What nobody waits for goes where a transaction is made anyway.
    ///
    /// - Parameter syncIsCheap: whether waiting for the disk costs less than another transaction.
    mutating func sort(_ requests: ArraySlice<JournalRequest>, syncIsCheap: Bool) {
        unsynced.removeAll(keepingCapacity: true)
        synced.removeAll(keepingCapacity: true)
        syncedRows.removeAll(keepingCapacity: true)
        var hasSynced = false
        var hasAwaitedUnsynced = false
        // Requests are looked at where they are: a copy counts references that other threads hold too.
        for position in requests.indices {
            if requests[position].mustBeSynced {
                hasSynced = true
            } else if requests[position].replyTo != nil {
                hasAwaitedUnsynced = true
            }
            if hasSynced, syncIsCheap || hasAwaitedUnsynced { break }
        }
        if hasSynced, syncIsCheap {
            synced.append(contentsOf: requests.indices)
            return
        }
        let lazyIsSynced = hasSynced && !hasAwaitedUnsynced
        for position in requests.indices {
            if requests[position].mustBeSynced {
                synced.append(position)
                if let row = requests[position].entry.row { syncedRows.append(row) }
            } else if lazyIsSynced {
                synced.append(position)
            } else if hasSynced, let row = requests[position].entry.row, syncedRows.contains(row) {
                synced.append(position)
            } else {
                unsynced.append(position)
            }
        }
    }
}

extension JournalRequest {
    var mustBeSynced: Bool { entry.durability == .machine }
}

extension JournalEntry {
    var durability: UploadLife.Durability {
        // A promise to whoever registers, as the 201 of an upload is one.
        if case .registration = self { return .machine }
        return state?.durability ?? .lazy
    }

    /// For the log.
    var name: String { state?.rawValue ?? "registration" }

    /// The state that the entry writes; nil for those that leave it.
    var state: UploadLife.State? {
        switch self {
        case .opening(let record): record.state
        case .uploadID: .streaming
        case .completing: .completing
        case .stored: .stored
        case .aborting: .aborting
        case .expiring: .expiring
        case .gone: .gone
        case .registration, .look: nil
        }
    }

    /// Whether its sender has done with the upload and speaks of it no more. Whoever ends an upload without one of
    /// these hands the row to recovery itself.
    var isLast: Bool {
        switch self {
        case .stored, .gone: true
        case .opening, .uploadID, .completing, .aborting, .expiring, .registration, .look: false
        }
    }

    /// The row that it is about; nil for the one that makes its own, and for one that is named by its key.
    ///
    /// A registration need not know it to keep its place: it is synced, so whatever came before it is either written
    /// with it, in order, or in the transaction before.
    var row: Int64? {
        switch self {
        case .opening: nil
        case .uploadID(let id, _), .completing(let id, _, _, _, _), .stored(let id, _), .aborting(let id),
            .expiring(let id, _), .gone(let id), .look(let id):
            id
        case .registration(let registration):
            if case .id(let id) = registration.image { id } else { nil }
        }
    }
}
