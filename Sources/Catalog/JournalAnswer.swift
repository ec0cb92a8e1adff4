package import Gateway

/// What became of an entry whose sender asked to know.
package struct JournalAnswer: Equatable, Sendable {
    /// The sender's own, as it came with the entry.
    package let tag: UInt64
    package let result: JournalResult
}

package enum JournalResult: Equatable, Sendable {
    /// The write is as durable as ``UploadLife`` asks of it.
    case committed(imageID: Int64)
    /// An opening is not written: its `Idempotency-Key` belongs to this upload.
    indirect case known(KnownUpload)
    /// A registration is written: the record as it is now.
    indirect case registered(ImageRecord)
    /// What was looked for; nil: there is no such row.
    indirect case image(ImageRecord?)
    /// The write is not to be relied on. After an error of the disk it may be found all the same; what was asked for
    /// must be taken back, as if it had been written.
    indirect case failed(JournalFailure)
}

package enum JournalFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// The database cannot write now; the text says why, for the log.
    case unavailable(String)
    /// The row is not in a state that this write may follow, or is not there: a mistake of the sender.
    case conflict
    /// A registration came too late: the image that it asked for is registered.
    case alreadyRegistered(imageID: Int64)
    /// A registration asked for an image of which the record does not say yet what came of it.
    case unsettled
    /// A registration asked for an image that is not there for it.
    case noSuchImage

    package var description: String {
        switch self {
        case .unavailable(let reason): reason
        case .conflict: "the record is not in a state for this write"
        case .alreadyRegistered: "the image is registered already"
        case .unsettled: "it is not known yet whether the image was stored"
        case .noSuchImage: "there is no such image"
        }
    }
}
