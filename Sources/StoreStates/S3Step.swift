/// One request to S3.
package enum S3Step: Equatable, Sendable {
    case create
    case part(uploadID: String, number: Int, length: Int64)
    case complete(uploadID: String, parts: [StoredPart])
    case abort(uploadID: String)
    /// Does the object exist, and is it ours?
    case head
    /// Which uploads are open under our key?
    case search
    /// The whole object in one request.
    case put(length: Int64)
    case delete

    /// Its name in messages.
    package var name: String {
        switch self {
        case .create: "CreateMultipartUpload"
        case .part: "UploadPart"
        case .complete: "CompleteMultipartUpload"
        case .abort: "AbortMultipartUpload"
        case .head: "HeadObject"
        case .search: "ListMultipartUploads"
        case .put: "PutObject"
        case .delete: "DeleteObject"
        }
    }

    /// Whether it carries the bytes of an image.
    package var hasBody: Bool {
        switch self {
        case .part, .put: true
        case .create, .complete, .abort, .head, .search, .delete: false
        }
    }

    /// What the circuit breaker counts it as.
    package var breakerKind: StoreBreakerState.Kind {
        switch self {
        case .create: .create
        case .part: .part
        case .complete: .complete
        case .put: .put
        case .abort, .head, .search, .delete: .cleanup
        }
    }

    /// Whether nothing of an upload was asked for before it.
    package var isBeginning: Bool {
        switch self {
        case .create, .put: true
        case .part, .complete, .abort, .head, .search, .delete: false
        }
    }
}

/// What an upload's state asks of its driver: at most one thing to do, which takes the place of whatever transfer or
/// timer is under way, and at most one thing to tell.
package struct S3Reaction: Equatable, Sendable {
    package enum Command: Equatable, Sendable {
        case send(S3Step)
        /// Wait for a random time up to this (full jitter), then say so.
        case wait(millisecondsMax: Int)
        /// Wait for this time, then say so.
        case pause(milliseconds: Int)
    }

    package var command: Command?
    package var event: StoreEvent?

    package init(_ command: Command? = nil, event: StoreEvent? = nil) {
        self.command = command
        self.event = event
    }

    /// Nothing to do.
    package static let none = S3Reaction()
}

/// How often a step is tried, and how long is waited between: a random time up to `baseMilliseconds` × 2ⁿ.
package struct S3RetryLimits: Sendable {
    /// The client waits for these, so they are few.
    package var createAttemptsMax = 3
    package var partAttemptsMax = 3
    package var completeAttemptsMax = 4
    /// Nobody waits for these; about five minutes in all, then recovery's sweep takes over.
    package var cleanupAttemptsMax = 16
    /// A Create without an answer may take the store as long as a Complete; so long the upload is looked for.
    package var lateCreateMilliseconds = 60_000
    /// An upload that lost a part under way is aborted until the store denies it, or so often more.
    package var abortConfirmationsMax = 3
    package var abortConfirmMilliseconds = 2_000
    /// HEADs after a PutObject whose answer was lost, before the client is told that nobody knows.
    package var putSettleAttemptsMax = 3
    /// Between the two looks for an object whose PutObject had no answer: a store may be at work on one for so long.
    package var putRecheckMilliseconds = 900_000
    /// Uploads of one worker that wait for the second look at once; past it such an upload ends, and is left to
    /// recovery.
    package var recheckUploadsMax = Self.recheckUploadsMaxDefault
    package var baseMilliseconds = 100
    package var capMilliseconds = 30_000
    /// How long, at most, what cleans up waits before it looks whether a store that is down is back.
    package var parkMilliseconds: Int64 = 4_000

    package static let recheckUploadsMaxDefault = 512

    package init() {}

    func waitMilliseconds(attempt: Int) -> Int {
        min(capMilliseconds, baseMilliseconds << min(max(attempt - 1, 0), 20))
    }
}
