internal import Bytes
internal import Gateway
internal import Serving

/// Feeds the body of one form to its ``FormIntake``, and the file in it to an upload that is made when the file begins.
///
/// It holds no bytes: what the intake takes from the input goes on at once, and the upload makes the client wait as any
/// other does.
final class FormDriver: BodyTaker {
    private let service: UploadService
    private let requestID: String
    private var intake: FormIntake
    private let expectsContinue: Bool
    /// nil once the form is refused or its client gone.
    private weak var handler: UploadHandler?
    private var connection: Connection?
    private var upload: UploadDriver?

    init(plan: FormPlan, requestID: String, service: UploadService, handler: UploadHandler, connection: Connection) {
        self.service = service
        self.requestID = requestID
        self.handler = handler
        self.connection = connection
        intake = FormIntake(plan: plan)
        expectsContinue = plan.expectsContinue
    }

    func start() {
        service.add(self)
        if expectsContinue { connection?.sendContinue() }
    }

    var waitsForStore: Bool { upload?.waitsForStore ?? false }

    func receive(_ bytes: Span<UInt8>) {
        var offset = 0
        while offset < bytes.count, handler != nil {
            let rest = bytes.extracting(droppingFirst: offset)
            let (step, consumed) = intake.next(rest)
            perform(step, rest)
            offset += consumed
            // An upload that has its answer takes no more, and the form has no other.
            if let upload, upload.isAnswered { return leave() }
        }
    }

    func bodyEnded() { perform(intake.bodyEnded(), Span()) }

    func clientLost() {
        let lost = upload
        leave()
        lost?.clientLost()
    }

    /// Ends a form whose file has not begun; from then on its upload is cancelled like any other.
    func cancel(_ refusal: Refusal) { answer(refusal, detail: nil) }

    private func perform(_ step: FormStep, _ input: Span<UInt8>) {
        switch step {
        case .none: break
        case .begin(let plan): begin(plan)
        case .file(let range): upload?.receive(input.extracting(range))
        case .heldFile(let range): upload?.receive(intake.delimiter.span.extracting(range))
        case .complete: upload?.bodyEnded()
        case .refused(let refusal): answer(refusal.refusal, detail: refusal.detail)
        }
    }

    private func begin(_ plan: UploadPlan) {
        guard let handler, let connection else { return }
        service.remove(self)
        if let shortage = service.shortage {
            service.events.limitReached(shortage, requestID)
            return answer(.storeUnavailable, detail: nil)
        }
        let upload = UploadDriver(
            plan: plan, requestID: requestID, service: service, handler: handler, connection: connection)
        self.upload = upload
        upload.start()
    }

    /// The form is answered here, so an upload that was begun is told that nobody waits for it: it undoes itself.
    private func answer(_ refusal: Refusal, detail: String?) {
        guard let handler else { return }
        let begun = upload
        leave()
        begun?.clientLost()
        handler.formRefused(refusal, detail: detail)
    }

    private func leave() {
        service.remove(self)
        handler = nil
        connection = nil
        upload = nil
    }
}
