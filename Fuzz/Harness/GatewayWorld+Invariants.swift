internal import Gateway

extension GatewayWorld {
    /// A 201 goes out: the object is there as it was sent, and its record survives a loss of power.
    func checkPromise(_ upload: WorldUpload, imageID: Int64, fileBytes: UInt64) {
        tally.created += 1
        if upload.put != nil { tally.puts += 1 }
        if imageID != upload.imageID { violate("\(upload.key): 201 with the id of another upload") }
        if Int(fileBytes) != upload.body.count { violate("\(upload.key): 201 of \(fileBytes) bytes") }
        if bucket.objects[upload.key]?.bytes != upload.body { violate("\(upload.key): 201 without its object") }
        if !record.isOnDisk(imageID, [.completing, .stored]) {
            violate("\(upload.key): 201 without a record that survives")
        }
    }

    /// What was promised stays true, whatever happens.
    func checkPromises() {
        for upload in uploads where upload.isPromised {
            guard let imageID = upload.imageID else { continue }
            if bucket.objects[upload.key] == nil { violate("\(upload.key): an object that was promised is deleted") }
            switch record.row(imageID)?.state {
            case .completing, .stored: break
            case .opening, .streaming, .expiring, .aborting, .gone, nil:
                violate("\(upload.key): the record of a promise says \(String(describing: record.row(imageID)))")
            }
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
        // The sweep of old uploads is for those whose row was lost with the power, and for those that no record knew.
        for upload in bucket.uploads where !upload.isUnknowable && !lostKeys.contains(upload.key) {
            violate("\(upload.key): \(upload.id) is open, and nothing but the sweep would find it")
        }
        for (index, row) in record.rows.enumerated() {
            guard let row else { continue }
            if row.state != .stored { violate("row \(index + 1) is left \(row.state)") }
            guard let object = bucket.objects[row.key] else {
                violate("row \(index + 1) of key \(row.key) has no object")
                continue
            }
            if object.bytes != uploads[row.key].body { violate("\(row.key): other bytes than were sent") }
            if row.size != Int64(object.bytes.count) { violate("row \(index + 1) has another size than its object") }
        }
        for key in bucket.objects.keys.sorted() where !record.rows.contains(where: { $0?.key == key }) {
            violate("\(key): an object without a record")
        }
        for upload in uploads where processes[upload.instance].isAlive && !upload.isEnded {
            violate("\(upload.key): does not end")
        }
    }
}
