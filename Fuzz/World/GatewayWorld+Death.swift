internal import Gateway

/// Death, and what comes after.
extension GatewayWorld {
    private static let handOverMilliseconds: Int64 = 1_000

    /// By the dice: something dies.
    func die() {
        fuse = choices.roll(3) == 0 ? choices.roll(30) : .max
        if choices.roll(3) == 0 {
            losePower()
        } else {
            let alive = processes.indices.filter { processes[$0].isAlive }
            guard !alive.isEmpty else { return }
            crash(alive[choices.roll(alive.count)])
        }
    }

    func losePower() {
        let kept = choices.roll(record.unsynchronisedCount + 1)
        note("the power is lost, with \(kept) of \(record.unsynchronisedCount) writes")
        tally.powerLosses += 1
        for process in processes.indices { kill(process) }
        record.losePower(kept: kept)
        for upload in uploads where !record.rows.contains(where: { $0?.key == upload.key }) {
            lostKeys.insert(upload.key)
        }
        // The rules take it that no deletion outlasts a machine's start: `UploadLife.barrier(before:)`.
        while let index = forgotten.firstIndex(where: { $0.request.isDeletion }) { land(index) }
        start()
    }

    func crash(_ process: Int) {
        note("process \(process) is killed")
        tally.crashes += 1
        kill(process)
        start()
    }

    func kill(_ process: Int) {
        guard processes[process].isAlive else { return }
        processes[process].isAlive = false
        for upload in uploads where upload.instance == process { upload.die() }
        recoveries.removeAll { $0.instance == process }
        handedOver.removeAll { $0.process == process }
    }

    /// A new process takes over what the dead have left, and may have an upload of its own.
    func start() {
        processes.append(makeProcess())
        let process = processes.count - 1
        note("process \(process) starts")
        for (index, row) in record.rows.enumerated() {
            if let row, !processes[row.instance].isAlive { recover(Int64(index + 1), row, by: process) }
        }
        if !choices.isScript, isDisturbed, uploads.count < Self.uploadsMax, choices.roll(3) == 0 {
            addUpload(process: process)
        }
    }

    func recover(_ imageID: Int64, _ row: WorldRecord.Row, by process: Int) {
        guard !row.state.isSettled, !recoveries.contains(where: { $0.imageID == imageID }) else { return }
        if row.beganWhole { tally.recoveredWholes += 1 }
        recoveries.append(WorldRecovery(world: self, imageID: imageID, row: row, by: process))
        dropSettled()
    }

    func dropSettled() {
        guard recoveries.contains(where: \.isSettled) else { return }
        tally.recovered += 1
        recoveries.removeAll { $0.isSettled }
    }

    /// An upload has ended without settling its row: its own process recovers it.
    func handOver(_ imageID: Int64, process: Int) {
        handedOver.append((imageID, process, now + Self.handOverMilliseconds))
    }

    /// SIGTERM: what is not done is refused, and what is being undone goes on for a while.
    func drain(_ process: Int) {
        note("process \(process) is told to end")
        processes[process].isDraining = true
        for upload in uploads where upload.instance == process {
            upload.hasFaults = true
            upload.cancel(.storeUnavailable)
        }
    }
}
