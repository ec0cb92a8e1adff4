internal import Gateway
internal import StoreStates

extension GatewayWorld {
    /// A 201 goes out: the object is there as it was sent, and its record survives a loss of power.
    func checkPromise(_ upload: WorldUpload, imageID: Int64, fileBytes: UInt64) {
        tally.created += 1
        if upload.put != nil { tally.puts += 1 }
        if imageID != upload.imageID { violate("\(upload.key): 201 with the id of another upload") }
        if Int(fileBytes) != upload.body.bytes.count { violate("\(upload.key): 201 of \(fileBytes) bytes") }
        if bucket.object(upload.key)?.bytes != upload.body.bytes { violate("\(upload.key): 201 without its object") }
        checkWorth(upload)
        if !record.isOnDisk(imageID, [.completing, .stored]) {
            violate("\(upload.key): 201 without a record that survives")
        }
        promise(imageID)
    }

    /// The 201 of another upload goes out once more: same key, same bytes, and what was promised then still holds.
    func checkReplay(_ upload: WorldUpload, _ image: ImageRecord) {
        tally.replayed += 1
        guard let known = upload.known, known.image == image, image.state == .stored, upload.body.idempotencyKey > 0
        else { return violate("\(upload.key): a replay of what it does not know") }
        if upload.parts != nil || upload.put != nil { violate("\(upload.key): a replay that asked the store") }
        checkWorth(upload)
        // What is deleted later crosses the answer on its way.
        if upload.expiredAtEnd.contains(image.imageID) {
            violate("\(upload.key): a replay of an image that was deleted before its body ended")
        }
        guard let row = record.row(image.imageID), row.state == .stored || row.state == .completing else { return }
        if row.idempotencyKey != upload.body.idempotencyKey || bucket.object(row.key)?.bytes != upload.body.bytes {
            violate("\(upload.key): a replay of other bytes")
        }
        if !record.isOnDisk(image.imageID, [.completing, .stored]) {
            violate("\(upload.key): a replay without a record that survives")
        }
        promise(image.imageID)
    }

    /// What gets a 201 is an image within the cap, sent to its end.
    private func checkWorth(_ upload: WorldUpload) {
        if !upload.body.isImage { violate("\(upload.key): 201 of what is no image") }
        if UInt64(upload.body.bytes.count) > upload.policy.uploadBytesMax { violate("\(upload.key): 201 over the cap") }
        if !upload.body.framing.isWhole { violate("\(upload.key): 201 of a form that is not one") }
        if !upload.isBodyEnded { violate("\(upload.key): 201 before the end of the body") }
    }

    /// A refusal goes out: there is a reason for it.
    func checkRefusal(_ upload: WorldUpload, _ refusal: Refusal) {
        tally.refused += 1
        let body = upload.body
        let isDue =
            switch refusal {
            case .invalidFileSignature: !body.isImage
            case .fileTooLarge: UInt64(body.bytes.count) > upload.policy.uploadBytesMax
            case .badRequest: !body.framing.isWhole
            case .requestTimeout: upload.isLate
            case .storeUnavailable:
                upload.hasFaults || upload.known.map { expired.contains($0.image.imageID) } ?? false
            case .idempotencyConflict:
                upload.known.map { $0.image.state == .stored && $0.sha256 != body.bytes } ?? false
            case .idempotencyInProgress: upload.known.map { $0.image.state != .stored } ?? false
            default: false
            }
        if !isDue { violate("\(upload.key): refused for nothing: \(refusal)") }
    }

    /// Nothing is asked of the store before what must be written is, and as durable as it must be.
    func checkBarrier(before step: S3Step, _ rowID: Int64?) {
        let action: UploadLife.Action =
            switch step {
            case .create: .create
            case .part: .uploadPart
            case .complete: .complete
            case .put: .finishPut
            case .abort, .head, .search: .abort
            case .delete: .deleteAborted
            }
        guard let barrier = UploadLife.barrier(before: action) else {
            if action != .abort, action != .uploadPart { violate("nothing has to be written before \(step.name)") }
            return
        }
        let row = rowID.flatMap { record.row($0) }
        let isKept =
            switch action {
            // One that is under way when its upload is abandoned is answered all the same.
            case .create: barrier == .init(state: .opening, durability: .process) && row != nil
            case .complete, .finishPut:
                barrier == .init(state: .completing, durability: .machine)
                    && record.isOnDisk(rowID ?? 0, [.completing, .stored, .aborting])
            case .deleteAborted: row == nil || row?.state == .aborting
            case .uploadPart, .abort, .deleteExpired, .reply201: false
            }
        if !isKept { violate("\(step.name) before its barrier: \(String(describing: row))") }
    }

    /// The table of states, once more.
    static func checkTable() -> String? {
        let next: [UploadLife.State: [UploadLife.State]] = [
            .opening: [.streaming, .completing, .aborting, .gone], .streaming: [.completing, .aborting, .gone],
            .completing: [.stored, .aborting, .gone], .stored: [.expiring], .expiring: [.gone], .aborting: [.gone],
            .gone: [],
        ]
        for state in UploadLife.State.allCases {
            for other in UploadLife.State.allCases {
                let isRight = next[state]?.contains(other) ?? false
                guard state.mayBecome(other) == isRight, other.predecessors.contains(state) == isRight
                else { return "\(state) to \(other)" }
            }
            guard UploadLife.beginnings.contains(state) == (state == .opening || state == .completing)
            else { return "\(state) begins" }
            let isSettled = state == .stored || state == .gone
            let first = UploadLife.recovery(of: state, knowsUploadID: true)
            guard state.isSettled == isSettled, (first == .settled) == isSettled
            else { return "\(state) is settled" }
        }
        for action in [UploadLife.Action.deleteExpired, .reply201] {
            let state: UploadLife.State = action == .reply201 ? .completing : .expiring
            guard UploadLife.barrier(before: action) == .init(state: state, durability: .machine)
            else { return "before \(action)" }
        }
        return nil
    }

    /// What was promised stays true, whatever happens.
    func checkPromises() {
        for imageID in promised {
            guard let row = record.standing(imageID) else {
                violate("row \(imageID) of a promise is gone")
                continue
            }
            if !bucket.hasObject(row.key) { violate("\(row.key): an object that was promised is deleted") }
            switch row.state {
            case .completing, .stored: break
            case .opening, .streaming, .expiring, .aborting, .gone:
                violate("\(row.key): the record of a promise says \(row.state)")
            }
        }
    }

    /// Nothing happens any more, and every process lives that will: whoever still waits is told nothing.
    func checkAnswers() {
        for upload in uploads where processes[upload.instance].isAlive && violations.isEmpty {
            if upload.parts?.isOver == false { violate("\(upload.key): what it has at the store does not end") }
            if !upload.isEnded { violate("\(upload.key): does not end") }
            if upload.replies == 0, !upload.isClientGone { violate("\(upload.key): no reply") }
        }
    }

    /// What recovery does to the uploads of a process that lives.
    func checkHarm(_ request: WorldBucket.Request) {
        let key: Int? =
            switch request {
            case .abort(let uploadID), .complete(let uploadID, _), .part(let uploadID, _, _): bucket.key(of: uploadID)
            case .delete(let key), .put(let key, _), .create(let key): key
            case .head, .list: nil
            }
        guard let key, processes[uploads[key].instance].isAlive, !uploads[key].isEnded else { return }
        violate("\(key): recovery touches an upload whose process lives: \(request)")
    }

    /// Everything has settled.
    func checkEnd() {
        // The sweep of old uploads is for those whose row was lost with the power, and for those that no record knew
        // when their sender died or had tried often enough.
        for upload in bucket.uploads where !lostKeys.contains(upload.key) {
            if upload.isUnknowable, uploads[upload.key].hasLeftParts { continue }
            violate("\(upload.key): \(upload.id) is open, and nothing but the sweep would find it")
        }
        for (index, row) in record.rows.enumerated() {
            guard let row else { continue }
            if row.state != .stored { violate("row \(index + 1) is left \(row.state)") }
            guard let object = bucket.object(row.key) else {
                violate("row \(index + 1) of key \(row.key) has no object")
                continue
            }
            if object.bytes != uploads[row.key].body.bytes { violate("\(row.key): other bytes than were sent") }
            if row.size != Int64(object.bytes.count) { violate("row \(index + 1) has another size than its object") }
        }
        for key in uploads.indices where bucket.hasObject(key) && !record.rows.contains(where: { $0?.key == key }) {
            violate("\(key): an object without a record")
        }
    }
}
