internal import Gateway
internal import Tokens

/// What becomes of images that are stored: one that is sent again under its key, registration, expiry.
extension GatewayWorld {
    /// The upload that this one's `Idempotency-Key` stands for, as the writer finds it in its transaction.
    func known(_ body: WorldBody) -> KnownUpload? {
        guard body.idempotencyKey > 0 else { return nil }
        for (index, row) in record.rows.enumerated() {
            guard let row, row.idempotencyKey == body.idempotencyKey else { continue }
            switch row.state {
            case .opening, .streaming, .completing, .stored:
                return KnownUpload(image: image(Int64(index + 1), row), sha256: row.digest)
            case .expiring, .aborting, .gone: break
            }
        }
        return nil
    }

    /// One row, as the writer finds it in its transaction.
    func image(_ imageID: Int64) -> ImageRecord? { record.row(imageID).map { image(imageID, $0) } }

    private func image(_ imageID: Int64, _ row: WorldRecord.Row) -> ImageRecord {
        ImageRecord(
            imageID: imageID, key: "k", owner: WorldBody.claims.subject, contentType: "image/gif", filename: nil,
            fileBytes: row.size ?? 0, state: row.state, uploaded: 0, registered: row.registrant == nil ? nil : 1,
            registrant: row.registrant, expires: row.isKept ? nil : 1)
    }

    /// One of the rows that are there; nil where there is none.
    private func anyRow() -> (imageID: Int64, row: WorldRecord.Row)? {
        guard !record.rows.isEmpty else { return nil }
        let index = choices.roll(record.rows.count)
        return record.rows[index].map { (Int64(index + 1), $0) }
    }

    /// Somebody registers an image, within one transaction of a writer that lives.
    func register() {
        guard processes.contains(where: { $0.isAlive && !$0.isJournalStuck }), let (imageID, row) = anyRow()
        else { return }
        let role: TokenRole = switch choices.roll(3) {
        case 0: .user
        case 1: .guest
        default: .trusted("SERVICE")
        }
        let registration = ImageRegistration(
            image: .id(imageID), subject: choices.happens(in: 4) ? "2" : WorldBody.claims.subject, role: role)
        let image = image(imageID, row)
        note("row \(imageID) is registered by \(role): \(registration.verdict(on: image))")
        guard case .registers(let liftsExpiry) = registration.verdict(on: image) else { return }
        let written = registration.applied(to: image, liftsExpiry: liftsExpiry, at: 2)
        tally.registered += 1
        record.register(imageID, by: written.registrant, isKept: written.expires == nil)
        if bucket.object(row.key)?.bytes != uploads[row.key].body.bytes {
            violate("row \(imageID) has no such object")
        }
        promise(imageID)
    }

    /// The reaper finds an image whose time is over: `expiring` is committed, and then the object is deleted.
    func expire() {
        guard let process = processes.indices.first(where: { processes[$0].isAlive && !processes[$0].isJournalStuck }),
            let (imageID, row) = anyRow(), row.state == .stored, !row.isKept,
            // An image has more time than a store takes for a PutObject that was sent before the one that it answered.
            !forgotten.contains(where: { $0.request.isPut(of: row.key) }), record.expire(imageID)
        else { return }
        note("row \(imageID) expires")
        tally.expired += 1
        expired.append(imageID)
        if let index = promised.firstIndex(of: imageID) { promised.remove(at: index) }
        guard record.isOnDisk(imageID, [.expiring]) else {
            return violate("row \(imageID): what a loss of power could bring back is deleted")
        }
        if let row = record.row(imageID) { recover(imageID, row, by: process) }
    }

    func promise(_ imageID: Int64) {
        if !promised.contains(imageID) { promised.append(imageID) }
    }
}
