internal import Bytes
internal import Catalog
internal import Gateway
internal import Linux
internal import Serving
internal import Tokens

/// The routes that speak of records and tokens.
extension UploadHandler {
    func begin(_ plan: RegistrationPlan, connection: Connection) {
        record?.subject = plan.claims.subject
        guard !service.isDraining else { return recordUnavailable("draining") }
        let driver = RegistrationDriver(plan: plan, records: service.records, handler: self, connection: connection)
        self.driver = driver
        driver.start()
    }

    func begin(_ query: ImageQuery) {
        record?.subject = query.claims.subject
        let look = ImageLook(query: query, handler: self)
        driver = look
        guard !service.isDraining, look.start(service.records) else {
            return recordUnavailable("too many requests about records")
        }
    }

    func registration(_ request: RegistrationRequest, _ plan: RegistrationPlan) -> ImageRegistration? {
        ImageRegistration(
            request, claims: plan.claims, publicURL: service.publicURL, scheme: scheme, host: named(plan.host))
    }

    func registrationRefused(_ refusal: Refusal, detail: String?) {
        driver = nil
        guard let context = answerContext() else { return }
        send(.refused(refusal, detail: detail, context: context))
    }

    func registrationEnded(_ result: JournalResult, plan: RegistrationPlan) {
        driver = nil
        guard let context = answerContext() else { return }
        switch result {
        case .registered(let image):
            record?.imageID = image.imageID
            send(.registered(image, imageURL: url(of: image, host: plan.host), context: context))
        case .failed(.alreadyRegistered(let id)):
            record?.imageID = id
            send(.refused(.imageAlreadyRegistered, imageID: id, context: context))
        case .failed(.noSuchImage): send(.refused(.invalidImageURL, context: context))
        case .failed(.unsettled): send(.refused(.storeUnavailable, context: context))
        case .failed(.unavailable(let reason)): recordUnavailable(reason)
        case .committed, .known, .image, .failed(.conflict): send(.refused(.internal, context: context))
        }
    }

    /// The answer to an upload that was stored before.
    func replay(_ image: ImageRecord, host: String) {
        guard let context = answerContext() else { return }
        record?.imageID = image.imageID
        send(.replayed(image, imageURL: url(of: image, host: host), context: context))
    }

    func lookEnded(_ result: JournalResult, query: ImageQuery) {
        driver = nil
        guard let context = answerContext() else { return }
        switch result {
        case .image(let found):
            switch (query.sight(of: found), found) {
            case (.visible, let image?):
                record?.imageID = image.imageID
                send(.image(image, imageURL: url(of: image, host: query.host), context: context))
            case (.unsettled, _): send(.refused(.storeUnavailable, context: context))
            // The same for an image that is not there and for one that is none of theirs.
            case (.hidden, _), (.visible, nil): send(.refused(.notFound, context: context))
            }
        case .failed(.unavailable(let reason)): recordUnavailable(reason)
        case .committed, .known, .registered, .failed: send(.refused(.internal, context: context))
        }
    }

    func issueGuestToken() {
        guard let context = answerContext() else { return }
        let now = context.nowMilliseconds / 1_000
        let subject = GuestSubject.make(uuid: service.identifiers.uuid())
        let token = service.secrets?.compact(
            subject: subject, role: TokenRole.guest.name, issuedAt: now, expiresAt: now + Self.guestTokenSeconds)
        guard let token else { return send(.refused(.storeUnavailable, context: context)) }
        record?.subject = subject
        send(.guestToken(token, expiresInSeconds: Self.guestTokenSeconds, context: context))
    }

    /// The seed's: a sign-up form and its picture take no longer.
    private static let guestTokenSeconds: Int64 = 300

    private func recordUnavailable(_ reason: String) {
        driver = nil
        guard let context = answerContext() else { return }
        if !service.isDraining { service.events.recordFailed(reason, requestID: context.requestID) }
        send(.refused(.storeUnavailable, context: context))
    }

    private func url(of image: ImageRecord, host: String) -> String {
        service.publicURL.url(ofKey: image.key, scheme: scheme, host: named(host))
    }

    /// HTTP/1.0 need not say where it wants to go.
    func named(_ host: String) -> String { host.isEmpty ? service.ownAddress : host }
}
