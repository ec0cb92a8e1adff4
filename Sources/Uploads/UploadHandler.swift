internal import Bytes
internal import Gateway
package import HTTPWire
internal import Linux
internal import Reactor
package import Serving
internal import Tokens

/// Answers the requests of one connection, one after the other.
package final class UploadHandler: RequestHandler {
    let service: UploadService
    private var connection: Connection?
    private var context: ReplyContext?
    var record: RequestRecord?
    /// Microseconds of the monotonic clock.
    private var startedAt: Int64 = 0
    /// The scheme that the client used.
    private(set) var scheme = ForwardedScheme.http
    var driver: (any BodyTaker)?
    /// The connection that this handler belongs to, which holds it.
    private unowned let owner: Connection

    package init(service: UploadService, connection: Connection) {
        self.service = service
        owner = connection
        service.events.connectionOpened()
    }

    deinit { service.events.connectionClosed() }

    // MARK: - RequestHandler

    package func head(_ head: RequestHead, bytes: Span<UInt8>, connection: Connection) {
        self.connection = connection
        let wall = Clock.wallMilliseconds()
        let identity = ClientIdentity(peer: connection.peer?.ip, trusted: service.trusted, head: head, bytes: bytes)
        scheme = identity.scheme ?? (connection.isSecure ? .https : .http)
        begin(wall: wall, origin: head.value(of: .origin, in: bytes), identity)
        record?.method = head.methodName.bytes(in: bytes).repairedText()
        let path = head.path.bytes(in: bytes)
        record?.path = path.extracting(first: min(path.count, Self.loggedPathBytesMax)).copied()
        let judgement = JudgementContext(
            nowMilliseconds: wall, uuid: service.identifiers.uuid(), recordToken: service.identifiers.uuid(),
            hasSecret: service.secrets != nil)
        let verdict = service.judge.verdict(on: head, bytes: bytes, context: judgement) { subject in
            switch subject {
            case .caller: service.rates.admit(identity.address, nowMicroseconds: startedAt)
            case .subject(let text): service.rates.admit(subject: text, nowMicroseconds: startedAt)
            case .guestToken: service.rates.admitGuestToken(identity.address, nowMicroseconds: startedAt)
            }
        } accepts: { algorithm, code, input in
            service.secrets?.accepts(algorithm, code, input, now: service.loop.now) ?? false
        }
        act(on: verdict, connection: connection)
    }

    package func body(_ bytes: Span<UInt8>) {
        record?.bytesIn += UInt64(bytes.count)
        driver?.receive(bytes)
    }

    package func bodyEnd() { driver?.bodyEnded() }

    package func wireRefusal(_ refusal: WireRefusal, origin: [UInt8]?) -> Response {
        log(.unreadable(refusal, context: begin(wall: Clock.wallMilliseconds(), origin: origin?.span)))
    }

    package func headTimeout(origin: [UInt8]?) -> Response {
        log(.refused(.requestTimeout, context: begin(wall: Clock.wallMilliseconds(), origin: origin?.span)))
    }

    package func clientGone(_ loss: ClientLoss) {
        let lost = driver
        driver = nil
        let waitsForUs = lost?.waitsForStore ?? true
        lost?.clientLost()
        guard let context = answerContext() else { return connection = nil }
        switch loss {
        case .reset, .shutDown:
            connection = nil
            finishRecord()
        case .closedEarly: send(.refused(.badRequest, context: context))
        case .malformed(let refusal): send(.unreadable(refusal, context: context))
        case .bodyTooSlow: send(.refused(.requestTimeout, context: context))
        case .requestTooLong:
            send(.refused(waitsForUs ? .storeUnavailable : .requestTimeout, context: context))
        }
    }

    // MARK: - Answers

    func uploadAnswered(_ answer: UploadAnswer, driver: UploadDriver) {
        self.driver = nil
        guard var context = answerContext() else { return }
        record?.storeMicroseconds = driver.storeMicroseconds
        switch answer {
        case .created(let imageID, let fileBytes):
            record?.imageID = imageID
            // The time that the record has, which is what the image is asked for later.
            if let stored = driver.storedMilliseconds { context.nowMilliseconds = stored }
            let host = named(driver.plan.host)
            let url = service.publicURL.url(of: driver.plan.key, scheme: scheme, host: host)
            send(.created(imageID: imageID, fileBytes: fileBytes, plan: driver.plan, imageURL: url, context: context))
        case .refused(let refusal): send(.refused(refusal, context: context))
        }
    }

    private func act(on verdict: Verdict, connection: Connection) {
        guard let context = answerContext() else { return }
        switch verdict {
        case .preflight: send(.preflight(context: context))
        case .refused(let refused):
            record?.tokenDefect = refused.tokenDefect
            record?.subject = refused.subject
            if refused.tokenDefect == .signature { service.events.badSignature() }
            send(
                .refused(
                    refused.refusal, detail: refused.detail, allow: refused.allow,
                    retryAfterSeconds: refused.retryAfterSeconds, context: context))
        case .upload(let plan):
            record?.subject = plan.claims.subject
            guard admits(context) else { return }
            let driver = UploadDriver(
                plan: plan, requestID: context.requestID, service: service, handler: self, connection: connection)
            self.driver = driver
            driver.start()
        case .form(let plan):
            record?.subject = plan.claims.subject
            guard admits(context) else { return }
            begin(plan, context, connection: connection)
        case .registration(let plan): begin(plan, connection: connection)
        case .image(let query): begin(query)
        case .guestToken: issueGuestToken()
        case .uploadPage:
            send(.content(UploadPage.html, contentType: "text/html; charset=utf-8", context: context))
        case .object(let key): sendObject(key: key)
        }
    }

    private func sendObject(key: String) {
        guard let objects = service.objects else {
            guard let context = answerContext() else { return }
            return send(.refused(.notFound, context: context))
        }
        let requestID = context?.requestID
        objects.read(key: key) { [weak self] object in
            // The request that asked may be over, and another one under way.
            guard let self, let context = answerContext(), context.requestID == requestID else { return }
            guard let object else { return send(.refused(.notFound, context: context)) }
            send(.content(object.bytes, contentType: object.contentType, context: context))
        }
    }

    func send(_ reply: Reply) {
        let response = log(reply)
        let answered = connection
        connection = nil
        answered?.respond(response)
    }

    // MARK: - The request's facts

    @discardableResult
    private func begin(wall: Int64, origin: Span<UInt8>?, _ identity: ClientIdentity? = nil) -> ReplyContext {
        startedAt = Clock.monotonicMicroseconds()
        var fields: [ResponseField] = []
        service.cors.appendFields(origin: origin, to: &fields)
        let requestID = identity?.requestID ?? service.identifiers.uuid()
        let begun = ReplyContext(requestID: requestID, nowMilliseconds: wall, corsFields: fields)
        context = begun
        record = RequestRecord(requestID: requestID, remote: identity?.address ?? owner.peer?.ip, startedAt: wall)
        return begun
    }

    /// The context with the time of now; nil when the request has its answer already.
    func answerContext() -> ReplyContext? {
        context?.nowMilliseconds = Clock.wallMilliseconds()
        return context
    }

    private func log(_ reply: Reply) -> Response {
        record?.status = reply.response.status
        record?.refusal = reply.refusal
        record?.bytesOut = UInt64(reply.response.body.count)
        finishRecord()
        return reply.response
    }

    private func finishRecord() {
        guard var ended = record else { return }
        ended.totalMicroseconds = Clock.monotonicMicroseconds() - startedAt
        record = nil
        context = nil
        service.events.requestEnded(ended)
    }

    /// Paths are logged without their query, and no longer than a line should be.
    private static let loggedPathBytesMax = 256
}
