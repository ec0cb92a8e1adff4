/// Recovery of one row, as a pure function: a phase and the store's answer to the phase's request give the next step.
///
/// The same function settles a CompleteMultipartUpload whose answer was lost while the daemon lives, and everything
/// that a crash left behind. Two rules carry it: a HEAD decides only when no Complete can be running any more (after
/// an Abort was acknowledged, or the upload id is unknown to the store), and what is not known is asked again later,
/// never deleted.
extension UploadLife {
    /// A request to the store, and why it is sent.
    package enum RecoveryPhase: CaseIterable, Equatable, Sendable {
        /// CompleteMultipartUpload once more: S3 answers a repeated one as it did the first.
        case completing
        /// HEAD, after Complete said NoSuchUpload: either the lost one succeeded, or somebody aborted.
        case confirming
        /// AbortMultipartUpload; afterwards HEAD decides.
        case givingUp
        /// ListMultipartUploads with the key as prefix, to find uploads whose id was lost; afterwards HEAD decides.
        case givingUpListing
        /// AbortMultipartUpload of each upload that the list showed for exactly this key; then the list again.
        case givingUpListed
        /// HEAD, when no Complete can be running any more.
        case deciding
        /// AbortMultipartUpload of an upload that nobody was told of.
        case aborting
        /// ListMultipartUploads with the key as prefix, after an acknowledged Abort: a Create that was sent twice may
        /// have made another upload than the one whose id is known. There is no object to be deleted.
        case listingRest
        /// AbortMultipartUpload of each listed upload of exactly this key; then the list again.
        case abortingRest
        /// The same list, after an Abort of an upload that the store does not know: a Complete of it may have won, so
        /// that the object is deleted afterwards.
        case listingDenied
        /// AbortMultipartUpload of each listed upload of exactly this key; then the list again.
        case abortingDenied
        /// ListMultipartUploads with the key as prefix, for an upload that nobody was told of.
        case listing
        /// AbortMultipartUpload of each listed upload of exactly this key; then the list again.
        case abortingListed
        /// DeleteObject of a key of ours that nobody was told of, or whose time is over.
        case deleting
        /// HEAD, for a PutObject that may have been sent whole.
        case settlingPut
        /// The same, when no PutObject can be at work any more.
        case settlingPutAgain
        /// ListMultipartUploads with the key as prefix: what looks like a PutObject that nobody was told of may be an
        /// upload whose id was lost before it was written.
        case takingBackListing
        /// AbortMultipartUpload of each listed upload of exactly this key; then the list again.
        case takingBackListed
        /// HEAD, for a PutObject that may have been sent whole and that nobody was told of.
        case takingPutBack
        /// DeleteObject of what that HEAD found.
        case deletingPut
        /// HEAD again, when no PutObject can be at work any more.
        case takingPutBackAgain
    }

    /// For so long a store may be at work on a PutObject that it got whole and did not answer.
    package static let putMillisecondsMax: Int64 = 900_000

    /// What the store said.
    package enum StoreAnswer: CaseIterable, Equatable, Sendable {
        /// Success: Complete's 200 without `<Error>`, Abort's 204, Delete's 204.
        case done
        /// 404 with the code NoSuchUpload.
        case noSuchUpload
        /// HEAD 200 with our size and our `x-amz-meta-sluice-id`; to what is taken back, that id alone is ours, with
        /// whatever size.
        case foundOurs
        /// HEAD 200 with another size or id.
        case foundOther
        /// HEAD 404; for Delete, 404 NoSuchKey.
        case notFound
        /// The list shows uploads of exactly this key.
        case listedSome
        /// The list shows none.
        case listedNone
        /// Complete can never succeed: InvalidPart, InvalidPartOrder, EntityTooSmall and the like.
        case refused
        /// Anything else: no answer, 403, 5xx, an answer that does not fit the request.
        case unknown
    }

    package enum RecoveryStep: Equatable, Sendable {
        case send(RecoveryPhase)
        /// Ask the same again after a pause. The row keeps its state.
        case retryLater(RecoveryPhase)
        /// Send this after ``putMillisecondsMax``. The row keeps its state.
        case recheckLater(RecoveryPhase)
        /// Write this state; the row is settled then.
        case write(State)
        /// Nothing to do.
        case settled
    }

    /// The first step for a row that a crash left in `state`.
    ///
    /// - Parameter knowsSize: the row went through `completing`, which writes the body's length. Without an upload id
    ///   it is then that of a PutObject, whose end may have been sent; or, seldom, of an upload whose id nobody waited
    ///   for to be written, and which was lost.
    package static func recovery(of state: State, knowsUploadID: Bool, knowsSize: Bool = false) -> RecoveryStep {
        switch state {
        case .aborting where knowsSize && !knowsUploadID: .send(.takingBackListing)
        case .opening, .streaming, .aborting: .send(knowsUploadID ? .aborting : .listing)
        // An id that is missing here was not lost with the log, which keeps its order: a PutObject, or a damaged row.
        // Never Complete.
        case .completing: .send(knowsUploadID ? .completing : .givingUpListing)
        case .expiring: .send(.deleting)
        case .stored, .gone: .settled
        }
    }

    /// The step after `answer` to the request of `phase`.
    package static func recovery(_ phase: RecoveryPhase, answered answer: StoreAnswer) -> RecoveryStep {
        switch (phase, answer) {
        case (.completing, .done): .write(.stored)
        case (.completing, .noSuchUpload): .send(.confirming)
        case (.completing, .refused): .send(.givingUp)

        case (.confirming, .foundOurs): .write(.stored)
        // Not found proves nothing yet: only an acknowledged Abort rules a running Complete out.
        case (.confirming, .notFound), (.confirming, .foundOther): .send(.givingUp)

        case (.givingUp, .done), (.givingUp, .noSuchUpload): .send(.deciding)

        case (.deciding, .foundOurs): .write(.stored)
        // What lies there is not ours to delete: another's object under our key stays where it is.
        case (.deciding, .notFound), (.deciding, .foundOther): .send(.listingRest)

        // No Complete of it can have succeeded: nothing is deleted, which in a bucket with versions leaves a marker.
        case (.aborting, .done): .send(.listingRest)
        case (.aborting, .noSuchUpload): .send(.listingDenied)
        case (.deleting, .done), (.deleting, .notFound): .write(.gone)

        case (.settlingPut, .foundOurs), (.settlingPutAgain, .foundOurs): .write(.stored)
        // Nothing can stop a PutObject that the store has: it is waited for.
        case (.settlingPut, .notFound), (.settlingPut, .foundOther): .recheckLater(.settlingPutAgain)
        case (.settlingPutAgain, .notFound), (.settlingPutAgain, .foundOther): .write(.gone)
        case (.takingPutBack, .foundOurs), (.takingPutBackAgain, .foundOurs): .send(.deletingPut)
        case (.takingPutBack, .notFound), (.takingPutBack, .foundOther): .recheckLater(.takingPutBackAgain)
        case (.deletingPut, .done), (.deletingPut, .notFound): .send(.takingPutBack)
        case (.takingPutBackAgain, .notFound), (.takingPutBackAgain, .foundOther): .write(.gone)

        case (.givingUpListing, _), (.givingUpListed, _), (.listing, _), (.abortingListed, _), (.listingRest, _),
            (.abortingRest, _), (.listingDenied, _), (.abortingDenied, _), (.takingBackListing, _),
            (.takingBackListed, _):
            clearing(phase, answered: answer)
        case (_, .unknown), (_, .refused), (_, .done), (_, .noSuchUpload), (_, .foundOurs), (_, .foundOther),
            (_, .notFound), (_, .listedSome), (_, .listedNone):
            .retryLater(phase)
        }
    }

    /// Uploads of one key are listed and aborted until there are none. These rows are a table of their own since the
    /// compiler gives up on one that has them all.
    private static func clearing(_ phase: RecoveryPhase, answered answer: StoreAnswer) -> RecoveryStep {
        switch (phase, answer) {
        case (.givingUpListing, .listedNone): .send(.settlingPut)
        case (.givingUpListing, .listedSome): .send(.givingUpListed)
        case (.givingUpListed, .done), (.givingUpListed, .noSuchUpload): .send(.givingUpListing)

        case (.listing, .listedNone): .send(.deleting)
        case (.listing, .listedSome): .send(.abortingListed)
        case (.abortingListed, .done), (.abortingListed, .noSuchUpload): .send(.listing)

        case (.listingRest, .listedNone): .write(.gone)
        case (.listingRest, .listedSome): .send(.abortingRest)
        case (.abortingRest, .done), (.abortingRest, .noSuchUpload): .send(.listingRest)

        case (.listingDenied, .listedNone): .send(.deleting)
        case (.listingDenied, .listedSome): .send(.abortingDenied)
        case (.abortingDenied, .done), (.abortingDenied, .noSuchUpload): .send(.listingDenied)

        case (.takingBackListing, .listedNone): .send(.takingPutBack)
        case (.takingBackListing, .listedSome): .send(.takingBackListed)
        case (.takingBackListed, .done), (.takingBackListed, .noSuchUpload): .send(.takingBackListing)

        case (_, .unknown), (_, .refused), (_, .done), (_, .noSuchUpload), (_, .foundOurs), (_, .foundOther),
            (_, .notFound), (_, .listedSome), (_, .listedNone):
            .retryLater(phase)
        }
    }

    /// What follows when `phase` has been retried long enough: repeating Complete ends in taking the upload back, and
    /// looking for others of the key in leaving them to the sweep, as behind a row that ends `stored`; the store may
    /// not list for us at all. The rest goes on, since nothing else could settle the row.
    package static func givingUp(_ phase: RecoveryPhase) -> RecoveryStep {
        switch phase {
        case .completing, .confirming: .send(.givingUp)
        case .listingRest, .abortingRest: .write(.gone)
        case .listingDenied, .abortingDenied: .send(.deleting)
        case .givingUp, .givingUpListing, .givingUpListed, .deciding, .aborting, .listing, .abortingListed, .deleting,
            .settlingPut, .settlingPutAgain, .takingBackListing, .takingBackListed, .takingPutBack, .deletingPut,
            .takingPutBackAgain:
            .retryLater(phase)
        }
    }
}
