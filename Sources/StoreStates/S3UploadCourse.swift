/// The course that an `S3Upload` takes: in parts, until ``put(length:)`` makes it one PutObject.
package struct S3UploadCourse {
    private var parts: S3UploadState
    private var whole: S3PutState?
    private let recordToken: String
    private let limits: S3RetryLimits

    package init(recordToken: String, limits: S3RetryLimits) {
        parts = S3UploadState(recordToken: recordToken, limits: limits)
        self.recordToken = recordToken
        self.limits = limits
    }

    /// Nothing more will be asked or told, unless the owner asks.
    package var isOver: Bool { whole?.isOver ?? parts.isOver }

    package mutating func create() -> S3Reaction { parts.create() }

    package mutating func openPart(number: Int, length: Int64) -> S3Reaction {
        parts.openPart(number: number, length: length)
    }

    package mutating func complete(parts stored: [StoredPart]) -> S3Reaction { parts.complete(parts: stored) }

    package mutating func put(length: Int64) -> S3Reaction {
        var state = S3PutState(length: length, recordToken: recordToken, limits: limits)
        defer { whole = state }
        return state.put()
    }

    /// See ``S3PutState/isRechecking``.
    package var isRechecking: Bool { whole?.isRechecking ?? false }

    package mutating func forgoRecheck() -> S3Reaction { whole?.forgoRecheck() ?? .none }

    package mutating func leave() -> S3Reaction { whole?.leave() ?? .none }

    /// - Parameters:
    ///   - isWaiting: no request is under way, only a timer.
    ///   - isWhole: every byte of a PutObject's body was handed over.
    ///   - sends: how often the request that is under way was sent.
    package mutating func abort(isWaiting: Bool, isWhole: Bool, sends: Int) -> S3Reaction {
        whole?.abort(isWaiting: isWaiting, isWhole: isWhole, sends: sends) ?? parts.abort(isWaiting: isWaiting)
    }

    package mutating func waited() -> S3Reaction { whole?.waited() ?? parts.waited() }

    /// See ``S3UploadState/isCleaningUp``.
    package var isCleaningUp: Bool { whole?.isCleaningUp ?? parts.isCleaningUp }

    package mutating func answered(
        _ answer: S3Answer, isRewound: Bool, sends: Int, isWhole: Bool, mayRetry: Bool
    ) -> S3Reaction {
        whole?.answered(answer, isRewound: isRewound, sends: sends, isWhole: isWhole, mayRetry: mayRetry)
            ?? parts.answered(answer, isRewound: isRewound, sends: sends, mayRetry: mayRetry)
    }
}
