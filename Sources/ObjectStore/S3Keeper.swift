package import Gateway
package import HTTPClient
internal import Linux
package import Reactor
package import SigV4
package import StoreStates
internal import XMLWire

/// Recovery's way to a bucket: one request at a time for each upload, each sent once. When to ask again is recovery's.
package final class S3Keeper: StoreKeeper {
    /// Every key of ours begins with it.
    private static let prefix = "users/"
    /// Parts that an upload may have (Amazon S3 User Guide, "Amazon S3 multipart upload limits").
    private static let partsMax = 10_000

    private let loop: EventLoop
    private let client: HTTPClient
    private let requests: S3Requests
    private let clock: () -> Int64
    /// Called when the store says that the credentials have expired, for each such answer.
    package var onExpiredCredentials: (() -> Void)?

    /// - Parameters:
    ///   - client: lives on `loop`.
    ///   - clock: milliseconds since 1970.
    package init(
        configuration: S3Configuration, loop: EventLoop, client: HTTPClient,
        clock: @escaping () -> Int64 = Clock.wallMilliseconds
    ) {
        self.loop = loop
        self.client = client
        self.clock = clock
        requests = S3Requests(configuration: configuration, clock: clock)
    }

    /// What requests are signed with from now on.
    package var credentials: Credentials? {
        get { requests.credentials }
        set { requests.credentials = newValue }
    }

    package var obstacle: String? { credentials == nil ? "there are no credentials to sign requests with" : nil }

    package func perform(
        _ phase: UploadLife.RecoveryPhase, for subject: KeeperSubject,
        completion: @escaping (KeeperAnswer) -> Void
    ) {
        let s3 = S3Requests.Subject(
            key: subject.key, path: requests.location.endpoint.path(key: subject.key), contentType: "",
            recordToken: subject.recordToken)
        switch phase {
        case .completing: complete(s3, subject, completion)
        case .givingUp, .aborting:
            guard let uploadID = subject.uploadID else { return missing("its upload id", completion) }
            abort(s3, uploadID, completion)
        case .confirming, .deciding, .settlingPut, .settlingPutAgain, .takingPutBack, .takingPutBackAgain:
            look(s3, subject, wantsSize: !phase.takesBack, completion)
        case .deleting, .deletingPut: send(.delete, s3) { completion(Self.plain($0)) }
        case .listing, .listingRest, .listingDenied, .givingUpListing, .takingBackListing:
            uploads(s3, except: subject.uploadID) { result in
                switch result {
                case .success(let found): completion(KeeperAnswer(found.isEmpty ? .listedNone : .listedSome))
                case .failure(let problem): completion(KeeperAnswer(.unknown, detail: problem.detail))
                }
            }
        case .abortingListed, .abortingRest, .abortingDenied, .givingUpListed, .takingBackListed:
            uploads(s3, except: subject.uploadID) { [self] result in
                switch result {
                case .success(let found): abortAll(s3, found[...], completion)
                case .failure(let problem): completion(KeeperAnswer(.unknown, detail: problem.detail))
                }
            }
        }
    }

    package func leftovers(after marker: LeftoverMarker?, completion: @escaping (LeftoverAnswer) -> Void) {
        list(prefix: Self.prefix, after: marker) { [self] result in
            switch result {
            case .success(let listing):
                let now = clock() + requests.skewMilliseconds
                // A bucket may be shared: nothing is ours but what is called as ours are.
                let found = listing.entries.filter { ObjectKey.matches($0.key) }.map { entry in
                    Leftover(
                        key: entry.key, uploadID: entry.uploadID, ageMilliseconds: entry.initiated.map { now - $0 })
                }
                let next = listing.next.map { LeftoverMarker(key: $0.key, uploadID: $0.uploadID) }
                completion(.page(found, next: next == marker ? nil : next))
            case .failure(let problem): completion(.failed(problem.detail))
            }
        }
    }

    package func remove(_ leftover: Leftover, completion: @escaping (KeeperAnswer) -> Void) {
        let subject = S3Requests.Subject(
            key: leftover.key, path: requests.location.endpoint.path(key: leftover.key), contentType: "",
            recordToken: "")
        abort(subject, leftover.uploadID, completion)
    }

    // MARK: the requests

    /// Complete once more. Which parts there are is the store's to say: the record does not keep their ETags. Where
    /// they are not the whole body, which is what a death between the last part and its answer may leave, nothing may
    /// be put together of them.
    private func complete(
        _ s3: S3Requests.Subject, _ subject: KeeperSubject, _ completion: @escaping (KeeperAnswer) -> Void
    ) {
        guard let uploadID = subject.uploadID else { return missing("its upload id", completion) }
        guard let size = subject.size else { return missing("its size", completion) }
        parts(s3, uploadID, after: nil, []) { [self] result in
            switch result {
            case .failure(let problem):
                completion(
                    problem.isNoSuchUpload
                        ? KeeperAnswer(.noSuchUpload) : KeeperAnswer(.unknown, detail: problem.detail))
            case .success(let parts):
                let total = parts.reduce(Int64(0)) { $0 &+ $1.length }
                guard total == size, !parts.isEmpty else {
                    let detail = "the store has \(total) bytes of it in \(parts.count) parts, and it had \(size)"
                    return completion(KeeperAnswer(.refused, detail: detail))
                }
                send(.complete(uploadID: uploadID, parts: parts), s3) { completion(Self.completed($0)) }
            }
        }
    }

    private static func completed(_ answer: S3Answer) -> KeeperAnswer {
        if answer == .completed { return KeeperAnswer(.done) }
        let problem = answer.problem
        if problem.isNoSuchUpload { return KeeperAnswer(.noSuchUpload) }
        let isHopeless = problem.code.map(hopelessCodes.contains) ?? false
        return KeeperAnswer(isHopeless ? .refused : .unknown, detail: problem.detail)
    }

    /// With these Complete will be refused however often it is asked.
    private static let hopelessCodes: Set<String> = [
        "BadDigest", "EntityTooLarge", "EntityTooSmall", "InvalidPart", "InvalidPartOrder", "InvalidRequest",
        "MalformedXML",
    ]

    /// "If any part uploads are currently in progress, those part uploads might or might not succeed. As a result, it
    /// might be necessary to abort a given multipart upload multiple times" (AbortMultipartUpload in the Amazon S3 API
    /// Reference): whoever died has no part under way for long, so once more is enough.
    private func abort(
        _ s3: S3Requests.Subject, _ uploadID: String, _ completion: @escaping (KeeperAnswer) -> Void
    ) {
        send(.abort(uploadID: uploadID), s3) { [self] answer in
            guard answer == .aborted else { return completion(Self.plain(answer)) }
            send(.abort(uploadID: uploadID), s3) { again in
                completion(again.isGone ? KeeperAnswer(.done) : Self.plain(again))
            }
        }
    }

    private func abortAll(
        _ s3: S3Requests.Subject, _ uploadIDs: ArraySlice<String>, _ completion: @escaping (KeeperAnswer) -> Void
    ) {
        guard let uploadID = uploadIDs.first else { return completion(KeeperAnswer(.done)) }
        abort(s3, uploadID) { [self] answer in
            switch answer.answer {
            case .done, .noSuchUpload: abortAll(s3, uploadIDs.dropFirst(), completion)
            default: completion(answer)
            }
        }
    }

    /// - Parameter wantsSize: an object of another length is another's; of what is taken back the token alone counts.
    private func look(
        _ s3: S3Requests.Subject, _ subject: KeeperSubject, wantsSize: Bool,
        _ completion: @escaping (KeeperAnswer) -> Void
    ) {
        send(.head, s3) { answer in
            guard case .object(let length, let token) = answer else { return completion(Self.plain(answer)) }
            let isOurs = token == subject.recordToken && (!wantsSize || length == subject.size)
            completion(KeeperAnswer(isOurs ? .foundOurs : .foundOther))
        }
    }

    private static func plain(_ answer: S3Answer) -> KeeperAnswer {
        switch answer {
        case .aborted, .deleted: KeeperAnswer(.done)
        case .gone: KeeperAnswer(.noSuchUpload)
        case .noObject: KeeperAnswer(.notFound)
        default: KeeperAnswer(.unknown, detail: answer.problem.detail)
        }
    }

    private func missing(_ what: String, _ completion: @escaping (KeeperAnswer) -> Void) {
        loop.deferred { completion(KeeperAnswer(.unknown, detail: "the record does not know \(what)")) }
    }

    // MARK: lists

    /// The ids of the open uploads of exactly this key.
    ///
    /// - Parameter uploadID: nothing is listed for a row that knows its id before the store has aborted or denied that
    ///   upload. Some stores go on listing one, and its row would never be settled.
    private func uploads(
        _ s3: S3Requests.Subject, except uploadID: String?,
        _ completion: @escaping (Result<[String], S3Problem>) -> Void
    ) {
        list(prefix: s3.key, after: nil) { result in
            let found = result.map { listing in listing.entries.filter { $0.key == s3.key && $0.uploadID != uploadID } }
            completion(found.map { $0.map(\.uploadID) })
        }
    }

    private func list(
        prefix: String, after marker: LeftoverMarker?,
        _ completion: @escaping (Result<UploadListing, S3Problem>) -> Void
    ) {
        let name = S3Step.search.name
        exchange(name) { [requests] in
            requests.listUploads(prefix: prefix, afterKey: marker?.key, afterUploadID: marker?.uploadID)
        } read: { head, body in
            guard (200 ..< 300).contains(head.status) else {
                return .failure(S3AnswerReader.problem(name, head, body.span))
            }
            guard let listing = try? UploadListing.parse(body.span) else {
                return .failure(S3AnswerReader.unreadable(name))
            }
            return .success(listing)
        } completion: { completion($0) }
    }

    private func parts(
        _ s3: S3Requests.Subject, _ uploadID: String, after number: Int?, _ before: [StoredPart],
        _ completion: @escaping (Result<[StoredPart], S3Problem>) -> Void
    ) {
        let name = "ListParts"
        exchange(name) { [requests] in
            requests.listParts(s3, uploadID: uploadID, after: number)
        } read: { head, body in
            guard (200 ..< 300).contains(head.status) else {
                return .failure(S3AnswerReader.problem(name, head, body.span))
            }
            guard let listing = try? PartListing.parse(body.span) else {
                return .failure(S3AnswerReader.unreadable(name))
            }
            return .success(listing)
        } completion: { [self] (result: Result<PartListing, S3Problem>) in
            switch result {
            case .failure(let problem): completion(.failure(problem))
            case .success(let listing):
                let found = before + listing.parts.map { part in
                    StoredPart(
                        number: part.number, etag: part.etag, length: part.size, checksum: part.checksumCRC32C)
                }
                guard found.count <= Self.partsMax, let next = listing.next, next > number ?? 0 else {
                    return completion(.success(found))
                }
                parts(s3, uploadID, after: next, found, completion)
            }
        }
    }

    // MARK: one exchange

    private func send(
        _ step: S3Step, _ s3: S3Requests.Subject, _ completion: @escaping (S3Answer) -> Void
    ) {
        exchange(step.name) { [requests] in
            requests.request(step, s3, body: nil)
        } read: { head, body in
            let answer = S3AnswerReader.read(step, head, body: body.span, key: s3.key)
            if case .refused(let problem) = answer { return .failure(problem) }
            return .success(answer)
        } completion: { (result: Result<S3Answer, S3Problem>) in
            switch result {
            case .success(let answer): completion(answer)
            case .failure(let problem): completion(.refused(problem))
            }
        }
    }

    /// Sends a request, and once more where the store named another region or has another time.
    private func exchange<Answer>(
        _ name: String, _ make: @escaping () -> HTTPRequest?,
        read: @escaping (S3AnswerHead, [UInt8]) -> Result<Answer, S3Problem>, mayFollow: Bool = true,
        completion: @escaping (Result<Answer, S3Problem>) -> Void
    ) {
        guard let request = make() else {
            let problem = S3Problem(detail: "\(name): there are no credentials to sign with")
            return loop.deferred { completion(.failure(problem)) }
        }
        _ = client.start(request) { [self] result in
            switch result {
            case .failure(let failure): completion(.failure(S3Problem(detail: "\(name): \(failure.detail)")))
            case .success(let response):
                var head = S3AnswerHead(status: response.status)
                head.etag = response.fields.value(of: "etag")
                head.contentLength = response.fields.value(of: "content-length")
                head.recordToken = response.fields.value(of: "x-amz-meta-sluice-id")
                if response.status >= 300 { head.bucketRegion = response.fields.value(of: "x-amz-bucket-region") }
                let answer = read(head, response.body)
                if mayFollow, case .failure(let problem) = answer, follows(problem, response) {
                    return exchange(name, make, read: read, mayFollow: false, completion: completion)
                }
                if case .failure(let problem) = answer, problem.errorClass == .retrySignedAnew {
                    onExpiredCredentials?()
                }
                completion(answer)
            }
        }
    }

    private func follows(_ problem: S3Problem, _ response: HTTPResponse) -> Bool {
        if let region = problem.region, region != requests.location.region {
            return requests.move(to: region, now: loop.now)
        }
        guard problem.code == "RequestTimeTooSkewed", let date = response.fields.value(of: "date") else {
            return false
        }
        return requests.adoptClock(date: date)
    }
}

extension UploadLife.RecoveryPhase {
    /// Whether what is found is to be deleted.
    fileprivate var takesBack: Bool { self == .takingPutBack || self == .takingPutBackAgain }
}
