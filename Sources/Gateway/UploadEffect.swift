/// One thing that the driver of an ``UploadExchange`` must do, in the order in which they are given.
package enum UploadEffect: Equatable, Sendable {
    /// Send `100 Continue`.
    case sendContinue
    /// Call ``UploadExchange/openDelayPassed(into:)`` after so many milliseconds.
    case startOpenTimer(milliseconds: Int64)
    /// Body bytes go to a spool from now on; those that wait in the window first.
    case openSpool
    /// Put this into the record's journal and report its outcome.
    case journal(UploadWrite)
    /// Ask the store to open a multipart upload.
    case create
    /// Send part `number` (from 1) of exactly `length` bytes.
    case openPart(number: Int, length: UInt64, route: BodyRoute)
    /// Ask the store to join the parts.
    case complete(parts: [PartReceipt])
    /// Send the whole body, of `length` bytes, with one PutObject. Until ``release`` the store may have
    /// ``UploadPolicy/earlyBytes(ofPut:)`` of them.
    case put(length: UInt64)
    /// The last bytes of the body may go to the store.
    case release
    /// Undo whatever the store has of this upload, however long it takes.
    case abort
    /// Let go of the upload: what the store has of it stays as it is, and the record with it, for recovery.
    case leave
    /// Answer the client.
    case reply(UploadAnswer)
    /// Nothing more will happen: the driver may let go of the upload.
    case end
}

/// A write to the record of one upload, or a look at it.
package enum UploadWrite: Equatable, Sendable {
    /// The row itself; its outcome carries the image id.
    case opening
    /// The row and `completing` in one, of a body that was whole before anything was asked for: nothing is asked of the
    /// store between the two. Its outcome carries the image id, and is as durable as that of `completing`.
    case whole(fileBytes: UInt64)
    case uploadID(String)
    /// Every byte of the body has been counted, and the store may be asked to complete.
    case completing(fileBytes: UInt64)
    case stored
    case aborting
    /// `aborting` too, with its outcome reported: an object is deleted only after it.
    case withdrawn
    case gone
    /// Nothing is written: the image that the upload's `Idempotency-Key` stands for, as it is now, is asked for.
    case look(imageID: Int64)
}

/// What the store said of one part.
package struct PartReceipt: Equatable, Sendable {
    package let number: Int
    /// The entity tag, with its quotes as it came; empty where a store sends none.
    package let entityTag: String
    package let bytes: Int64

    package init(number: Int, entityTag: String, bytes: Int64) {
        self.number = number
        self.entityTag = entityTag
        self.bytes = bytes
    }
}

/// The answer to a `POST /images`.
package enum UploadAnswer: Equatable, Sendable {
    case created(imageID: Int64, fileBytes: UInt64)
    /// The 201 of this image, once more.
    case replayed(ImageRecord)
    case refused(Refusal)
}
