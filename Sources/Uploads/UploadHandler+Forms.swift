internal import Gateway
internal import ObjectStore
internal import Serving
internal import StoreStates

extension UploadHandler {
    /// Whether an upload may begin now; if not, the request is answered.
    func admits(_ context: ReplyContext) -> Bool {
        if let shortage = service.shortage { service.events.limitReached(shortage, context.requestID) }
        guard !service.isDraining, service.shortage == nil else {
            send(.refused(.storeUnavailable, context: context))
            return false
        }
        guard case .refused(let seconds, let detail) = service.store.admission() else { return true }
        service.events.storeRefusedUpload(detail, requestID: context.requestID)
        send(.refused(.storeUnavailable, retryAfterSeconds: seconds, context: context))
        return false
    }

    /// A form was accepted by its head.
    func begin(_ plan: FormPlan, _ context: ReplyContext, connection: Connection) {
        let form = FormDriver(
            plan: plan, requestID: context.requestID, service: service, handler: self, connection: connection)
        driver = form
        form.start()
    }

    /// No upload comes of the form; the one that was begun undoes itself.
    func formRefused(_ refusal: Refusal, detail: String?) {
        driver = nil
        guard let context = answerContext() else { return }
        send(.refused(refusal, detail: detail, context: context))
    }
}
