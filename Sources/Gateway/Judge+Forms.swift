internal import FormData
internal import HTTPWire
internal import Tokens

extension Judge {
    /// The checks of a `multipart/form-data` head behind its token: boundary and declared length. What the other
    /// checks look at, the form's file part brings, see ``FormIntake``.
    ///
    /// - Returns: nil when the request has another content type.
    func form(
        _ head: RequestHead, _ bytes: Span<UInt8>, _ context: JudgementContext, _ claims: TokenClaims
    ) -> Verdict? {
        guard head.count(of: .contentType) == 1, let value = head.value(of: .contentType, in: bytes) else { return nil }
        let boundary: FormBoundary
        do throws(FormFault) {
            guard let parsed = try FormBoundary.parse(contentType: value) else { return nil }
            boundary = parsed
        } catch {
            return .refused(RefusedHead(refusal: .badRequest, detail: error.detail, subject: claims.subject))
        }
        if let declared = head.framing.declaredBytes,
            declared > policy.uploadBytesMax.addingSaturating(UInt64(FormIntake.otherBytesMax))
        {
            return .refused(RefusedHead(refusal: .fileTooLarge, subject: claims.subject))
        }
        let idempotencyKey: String?
        do {
            idempotencyKey = try self.idempotencyKey(head, bytes, subject: claims.subject)
        } catch {
            return .refused(error)
        }
        return .form(
            FormPlan(
                boundary: boundary, field: formField, claims: claims, filename: filename(head, bytes),
                host: host(head, bytes), recordToken: context.recordToken, expectsContinue: head.expectsContinue,
                milliseconds: context.nowMilliseconds, uuid: context.uuid, idempotencyKey: idempotencyKey))
    }
}

extension UInt64 {
    fileprivate func addingSaturating(_ other: UInt64) -> UInt64 {
        let (sum, overflow) = addingReportingOverflow(other)
        return overflow ? .max : sum
    }
}
