internal import Bytes
internal import Catalog
internal import Gateway
internal import Serving

/// One `POST /images/metadata`: gathers its body, which is small, and asks the catalog.
final class RegistrationDriver: BodyTaker, RecordExchange {
    let plan: RegistrationPlan
    private let records: RecordExchanges
    /// nil once the client is answered or gone.
    private weak var handler: UploadHandler?
    private var connection: Connection?
    private var body: [UInt8] = []
    private var tag: UInt64 = 0
    private var isAsking = false

    init(plan: RegistrationPlan, records: RecordExchanges, handler: UploadHandler, connection: Connection) {
        self.plan = plan
        self.records = records
        self.handler = handler
        self.connection = connection
    }

    /// - Returns: false when too many are under way.
    func start() -> Bool {
        guard let tag = records.begin(self) else { return false }
        self.tag = tag
        if plan.expectsContinue { connection?.sendContinue() }
        return true
    }

    /// The body is whole once the catalog is asked.
    var waitsForStore: Bool { isAsking }

    func receive(_ bytes: Span<UInt8>) {
        guard handler != nil else { return }
        guard bytes.count <= RegistrationRequest.bodyBytesMax - body.count else {
            return end { $0.registrationRefused(.badRequest, detail: RegistrationFault.tooLarge.detail) }
        }
        body.append(contentsOf: bytes)
    }

    func bodyEnded() {
        guard let handler else { return }
        let request: RegistrationRequest
        do throws(RegistrationFault) {
            request = try RegistrationRequest.parse(body.span)
        } catch {
            return end { $0.registrationRefused(.badRequest, detail: error.detail) }
        }
        body = []
        guard let registration = handler.registration(request, plan) else {
            return end { $0.registrationRefused(.invalidImageURL, detail: nil) }
        }
        isAsking = true
        guard records.register(registration, tag: tag) else {
            isAsking = false
            return end { $0.registrationEnded(.failed(.unavailable("the journal's queue is full")), plan: plan) }
        }
    }

    /// What was asked for may be written although nobody waits for it any more, as with any request.
    func clientLost() {
        handler = nil
        connection = nil
        if !isAsking { records.end(tag) }
    }

    func recordAnswered(_ result: JournalResult) { end { $0.registrationEnded(result, plan: plan) } }

    private func end(_ answer: (UploadHandler) -> Void) {
        let answered = handler
        clientLost()
        if let answered { answer(answered) }
    }
}
