/// The upload that an `Idempotency-Key` was sent with before.
package struct KnownUpload: Equatable, Sendable {
    package let image: ImageRecord
    /// SHA-256 of its bytes; nil while it is under way.
    package let sha256: [UInt8]?

    package init(image: ImageRecord, sha256: [UInt8]?) {
        self.image = image
        self.sha256 = sha256
    }

    /// Whether its end is open: it runs, or the process that ran it died and recovery has not settled it.
    var isUnderWay: Bool { image.state != .stored }

    /// Whether the same bytes may still come of a body of so many; nil: nobody has said how many.
    func allows(declaredBytes: UInt64?) -> Bool {
        guard let declaredBytes else { return true }
        return Int64(clamping: declaredBytes) == image.fileBytes
    }
}
