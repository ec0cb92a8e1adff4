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
    private var number: UInt64 = 0
    private var isAsking = false

    init(plan: RegistrationPlan, records: RecordExchanges, handler: UploadHandler, connection: Connection) {
        self.plan = plan
        self.records = records
        self.handler = handler
        self.connection = connection
    }

    func start() {
        number = records.gather(self)
        if plan.expectsContinue { connection?.sendContinue() }
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
        records.gathered(number)
        guard let registration = handler.registration(request, plan) else {
            return end { $0.registrationRefused(.invalidImageURL, detail: nil) }
        }
        guard let tag = records.begin(self) else { return fail("too many requests about records") }
        isAsking = true
        guard records.register(registration, tag: tag) else {
            records.end(tag)
            return fail("the journal's queue is full")
        }
    }

    /// Others need the place.
    func pushedOut() { fail("too many bodies about records are on their way, and this one stayed out for the longest") }

    private func fail(_ reason: String) {
        end { $0.registrationEnded(.failed(.unavailable(reason)), plan: plan) }
    }

    /// What was asked for may be written although nobody waits for it any more, as with any request.
    func clientLost() {
        handler = nil
        connection = nil
        records.gathered(number)
    }

    func recordAnswered(_ result: JournalResult) { end { $0.registrationEnded(result, plan: plan) } }

    private func end(_ answer: (UploadHandler) -> Void) {
        let answered = handler
        clientLost()
        if let answered { answer(answered) }
    }
}
