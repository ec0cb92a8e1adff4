internal import Gateway

/// The record as its writes survive: in the kernel what is committed, on the disk what is synchronised.
struct WorldRecord {
    struct Row: Equatable {
        let key: Int
        let instance: Int
        var state: UploadLife.State
        let idempotencyKey: Int
        var uploadID: String?
        var size: Int64?
        var digest: [UInt8]?
        /// The role that registered the image.
        var registrant: String?
        /// Whether its registration lifted the expiry.
        var isKept = false
        /// Whether it began with `completing`.
        var beganWhole = false
    }

    /// By image id less one; nil: the row is dropped.
    private(set) var rows: [Row?] = []
    private var synchronised: [Row?] = []
    /// What was committed since, in its order.
    private var log: [(index: Int, row: Row?)] = []

    func row(_ id: Int64) -> Row? { rows.indices.contains(Int(id) - 1) ? rows[Int(id) - 1] : nil }

    /// What is asked of a row after every step, without a copy of the rest.
    func standing(_ id: Int64) -> (key: Int, state: UploadLife.State)? {
        let index = Int(id) - 1
        guard rows.indices.contains(index), let key = rows[index]?.key, let state = rows[index]?.state
        else { return nil }
        return (key, state)
    }

    /// Whether a power loss would leave the row in one of the states by which it is found again.
    func isOnDisk(_ id: Int64, _ states: [UploadLife.State]) -> Bool {
        guard synchronised.indices.contains(Int(id) - 1), let state = synchronised[Int(id) - 1]?.state
        else { return false }
        return states.contains(state)
    }

    /// - Parameter fileBytes: the length of a body that is whole: its row begins with `completing`, on the disk.
    mutating func open(key: Int, instance: Int, idempotencyKey: Int, fileBytes: Int64?) -> Int64 {
        var row = Row(key: key, instance: instance, state: .opening, idempotencyKey: idempotencyKey)
        if fileBytes != nil {
            row.state = .completing
            row.size = fileBytes
            row.beganWhole = true
        }
        commit(rows.count, row)
        if row.state.durability == .machine { synchronise() }
        return Int64(rows.count)
    }

    /// - Returns: false where the row is in no state for it, as the statements of the catalog have it.
    mutating func write(_ write: UploadWrite, _ id: Int64) -> Bool {
        guard var row = row(id) else { return false }
        let state: UploadLife.State =
            switch write {
            case .opening: .opening
            case .uploadID: .streaming
            case .completing, .whole: .completing
            case .stored: .stored
            case .aborting, .withdrawn: .aborting
            case .gone: .gone
            case .look: row.state
            }
        guard row.state.mayBecome(state) else { return false }
        row.state = state
        if case .uploadID(let uploadID) = write { row.uploadID = uploadID }
        if case .completing(let size) = write { row.size = Int64(size) }
        commit(Int(id) - 1, state == .gone ? nil : row)
        if state.durability == .machine { synchronise() }
        return true
    }

    /// The sum of its bytes, within the transaction of `completing`.
    mutating func setDigest(_ digest: [UInt8], of id: Int64) {
        guard var row = row(id) else { return }
        row.digest = digest
        commit(Int(id) - 1, row)
        if row.state.durability == .machine { synchronise() }
    }

    /// The image's time is over.
    mutating func expire(_ id: Int64) -> Bool {
        guard var row = row(id), row.state.mayBecome(.expiring) else { return false }
        row.state = .expiring
        commit(Int(id) - 1, row)
        if UploadLife.State.expiring.durability == .machine { synchronise() }
        return true
    }

    /// A promise, as the 201 of an upload is one: it is on the disk.
    mutating func register(_ id: Int64, by registrant: String?, isKept: Bool) {
        guard var row = row(id) else { return }
        row.registrant = registrant
        row.isKept = isKept
        commit(Int(id) - 1, row)
        synchronise()
    }

    /// Drops a row whose sender was told that it failed, as it began.
    mutating func withdraw(_ id: Int64) {
        guard let row = row(id) else { return }
        if row.state == (row.beganWhole ? .completing : .opening) { commit(Int(id) - 1, nil) }
    }

    private mutating func commit(_ index: Int, _ row: Row?) {
        if rows.isEmpty {
            rows.reserveCapacity(GatewayWorld.uploadsMax)
            synchronised.reserveCapacity(GatewayWorld.uploadsMax)
            log.reserveCapacity(8)
        }
        if index == rows.count { rows.append(row) } else { rows[index] = row }
        log.append((index, row))
    }

    /// The log has what differs; rows that are as they were are not copied.
    mutating func synchronise() {
        for (index, row) in log {
            if index == synchronised.count { synchronised.append(row) } else { synchronised[index] = row }
        }
        log.removeAll(keepingCapacity: true)
    }

    var unsynchronisedCount: Int { log.count }

    /// The power is lost: of what was not synchronised the first `kept` writes are there.
    mutating func losePower(kept: Int) {
        log.removeSubrange(kept...)
        synchronise()
        rows = synchronised
    }
}
