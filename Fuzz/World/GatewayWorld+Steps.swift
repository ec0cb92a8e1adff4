internal import Gateway
internal import Images

/// What happens next: by the dice of a seed, or as a script has it.
extension GatewayWorld {
    func begin() {
        if choices.isScript {
            processes.append(Process(isJournalSlow: false))
            return
        }
        // Worlds differ in what goes wrong: where everything does at once, much is never reached.
        faultsOfHundred = [0, 10, 30, 60][choices.roll(4)]
        faultKinds = choices.roll(3) == 0 ? 255 : choices.roll(256)
        isHasty = choices.roll(3) == 0
        isDraining = choices.roll(4) == 0
        lostWrites = [80, 80, 6][choices.roll(3)]
        if choices.roll(4) > 0 { fuse = choices.roll(45) }
        processes.append(makeProcess())
        addUpload(process: 0)
        switch choices.roll(6) {
        case 0: addUpload(process: 0)
        case 1, 2:
            processes.append(makeProcess())
            addUpload(process: 1)
        default: break
        }
    }

    // MARK: - By the dice

    /// - Returns: false when there is nothing left to do.
    func step() -> Bool {
        if fuse == 0 {
            die()
            return true
        }
        if fuse != .max { fuse -= 1 }
        switch choices.roll(40) {
        case 0:
            record.synchronise()
            return true
        case 1:
            stick(choices.roll(processes.count), isStuck: choices.roll(4) == 0)
            return true
        case 5 where isDraining:
            let process = choices.roll(processes.count)
            if processes[process].isAlive, !processes[process].isDraining { drain(process) }
            return true
        case 6 where choices.roll(3) == 0:
            if choices.roll(2) == 0 { register() } else { expire() }
            return true
        case 2, 3, 4:
            // The deadline of a whole request seldom comes before what can happen at once.
            let isPatient = !choices.isOne(in: 12)
            return isPatient && passTime(upTo: now + Self.patienceMilliseconds) || act() || passTime()
        default:
            // What has just not come may come with another chance: only then the clock goes on.
            return act() || act() || act() || passTime()
        }
    }

    /// Something that can happen at once.
    func act() -> Bool {
        let count = uploads.count + recoveries.count + 1
        let first = choices.roll(count)
        for turn in 0 ..< count {
            let index = (first + turn) % count
            let isDone: Bool
            if index < uploads.count {
                isDone = processes[uploads[index].instance].isAlive && uploads[index].act()
            } else if index - uploads.count < recoveries.count {
                isDone = recoveries[index - uploads.count].act()
                dropSettled()
            } else {
                isDone = landForgotten()
            }
            if isDone { return true }
        }
        return false
    }

    private func stick(_ process: Int, isStuck: Bool) {
        guard processes[process].isAlive, !processes[process].isDraining else { return }
        processes[process].isJournalStuck = isStuck
    }

    // MARK: - By a script

    /// - Returns: how many steps it counts as.
    func take(_ step: WorldStep) -> Int {
        switch step.kind {
        case .upload:
            guard uploads.count < Self.uploadsMax else { return 1 }
            addUpload()
        case .process:
            if processes.count < Self.processesMax { processes.append(makeProcess()) }
        case .send, .endBody, .lose, .commit, .hear, .store, .stale, .any, .many:
            return take(step.kind, upload: step.actor)
        case .recovery:
            guard !recoveries.isEmpty else { return 1 }
            let recovery = recoveries[step.actor % recoveries.count]
            _ = recovery.act()
            dropSettled()
        case .land: _ = landForgotten()
        case .time: _ = passTime()
        case .nearTime: _ = passTime(upTo: now + Self.patienceMilliseconds)
        case .kill:
            let process = step.actor % processes.count
            if processes[process].isAlive { crash(process) }
        case .powerLoss: losePower()
        case .drain:
            let process = step.actor % processes.count
            if processes[process].isAlive, !processes[process].isDraining { drain(process) }
        case .synchronise: record.synchronise()
        case .stick:
            let process = step.actor % processes.count
            stick(process, isStuck: !processes[process].isJournalStuck)
        case .expire: expire()
        case .register: register()
        }
        return 1
    }

    private func take(_ kind: WorldStep.Kind, upload actor: Int) -> Int {
        guard !uploads.isEmpty else { return 1 }
        let upload = uploads[actor % uploads.count]
        guard processes[upload.instance].isAlive else { return 1 }
        switch kind {
        case .send: _ = upload.send()
        case .endBody: upload.endBody()
        case .lose: upload.lose()
        case .commit: if !isJournalStuck(upload.instance) { _ = upload.commit() }
        case .hear: _ = upload.takeJournalAnswer()
        case .store: _ = upload.actAsStore()
        case .stale: upload.takeStale()
        case .many:
            var steps = 0
            let most = choices.amount(upTo: 30)
            while steps < most, upload.act() { steps += 1 }
            return max(steps, 1)
        default: _ = upload.act()
        }
        return 1
    }

    private func addUpload() {
        let openCount = processes.count { $0.isAlive && !$0.isDraining }
        let strategy = choices.roll(3)
        let framing = choices.roll(WorldBody.Framing.allCases.count)
        let length = Self.lengths[choices.roll(Self.lengths.count)]
        let kind = choices.roll(6)
        let idempotencyKey = choices.roll(3)
        let variant = choices.roll(32)
        let place = choices.roll(8)
        guard openCount > 0, let process = openProcess(place % openCount) else { return }
        let body = WorldBody(
            framing: WorldBody.Framing(rawValue: framing) ?? .declared, type: WorldBody.types[kind % 3],
            isImage: kind < 3, length: length, variant: variant, idempotencyKey: idempotencyKey)
        add(body, strategy: strategy, process: process, expectsContinue: place >= 4)
    }

    /// One of the processes that take uploads, counted from 0.
    private func openProcess(_ place: Int) -> Int? {
        var rest = place
        for process in processes.indices where processes[process].isAlive && !processes[process].isDraining {
            if rest == 0 { return process }
            rest -= 1
        }
        return nil
    }

    /// Around what counts: nothing, the magic numbers, the bytes that open an upload, those that are withheld or held,
    /// parts, and the cap.
    private static let lengths = [
        24, 0, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 19, 20, 21, 22, 30, 31, 33, 39, 40, 41, 45, 47, 48, 49, 50, 51,
        52, 57,
    ]

    // MARK: - What both have

    func addUpload(process: Int) {
        let isChunked = choices.roll(3) == 0
        let strategy = choices.roll(3)
        // One in a dozen is no image, one in a dozen too long.
        let isImage = !choices.isOne(in: 12)
        var length = isChunked && choices.isOne(in: 4) ? 45 + choices.roll(12) : 6 + choices.roll(44)
        // One in five is there before its record is asked for.
        if !isChunked, choices.roll(5) == 0 { length = 6 + choices.roll(4) }
        var framing = isChunked ? WorldBody.Framing.chunked : .declared
        if isChunked, choices.roll(3) == 0 {
            framing = WorldBody.Framing(rawValue: 2 + choices.roll(5)) ?? .form
        }
        let idempotencyKey = choices.roll(4) == 0 ? 1 + choices.roll(2) : 0
        // Of one key there are two bodies of one length, and those of the other may come at once.
        if idempotencyKey > 0 { length = idempotencyKey == 1 ? 24 : 8 }
        let variant = idempotencyKey > 0 ? choices.roll(2) : uploads.count + (choices.roll(8) == 0 ? 16 : 0)
        let body = WorldBody(
            framing: framing, type: .gif, isImage: isImage, length: length, variant: variant,
            idempotencyKey: idempotencyKey)
        add(body, strategy: strategy, process: process, expectsContinue: false)
    }

    private func add(_ body: WorldBody, strategy: Int, process: Int, expectsContinue: Bool) {
        var policy = UploadPolicy(uploadBytesMax: 50, partBytes: 20)
        policy.openBytes = 10
        policy.heldBytesMax = 12
        policy.withheldBytes = 8
        policy.strategy = strategy == 0 ? .multipart : strategy == 1 ? .put : .auto
        note("\(uploads.count): \(body.bytes.count) bytes, \(body.framing), \(policy.strategy)")
        if body.framing.isForm { tally.forms += 1 }
        uploads.append(
            WorldUpload(
                world: self, key: uploads.count, instance: process, body: body, policy: policy,
                expectsContinue: expectsContinue))
    }

    func makeProcess() -> Process { Process(isJournalSlow: !choices.isScript && choices.roll(3) == 0) }

    /// Whether the writer of a process commits nothing now.
    func isJournalStuck(_ process: Int) -> Bool {
        processes[process].isJournalStuck || isDisturbed && processes[process].isJournalSlow && choices.roll(6) > 0
    }

    /// Time goes on to the next timer, where that is not too far.
    func passTime(upTo latest: Int64 = .max - 1) -> Bool {
        var next = Int64.max
        for upload in uploads where processes[upload.instance].isAlive { next = min(next, upload.nextDue) }
        for recovery in recoveries { next = min(next, recovery.due ?? .max) }
        for row in handedOver { next = min(next, row.due) }
        for request in forgotten { next = min(next, request.due) }
        guard next <= latest else { return false }
        now = max(now, next)
        while let index = forgotten.firstIndex(where: { $0.due <= now }) { land(index) }
        for upload in uploads where processes[upload.instance].isAlive && upload.nextDue <= now { upload.fire() }
        for recovery in recoveries { recovery.fire() }
        while let index = handedOver.firstIndex(where: { $0.due <= now }) {
            let (imageID, process, _) = handedOver.remove(at: index)
            if let row = record.row(imageID) { recover(imageID, row, by: process) }
        }
        return true
    }
}
