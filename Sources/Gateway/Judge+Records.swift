internal import HTTPWire
internal import Tokens

/// The routes that speak of records and tokens. What they ask for first is the same as an upload's, in the same order.
extension Judge {
    /// A `POST /images/metadata`: address, token, `sub`, declared length. No content type is asked for: there is one
    /// thing that the body can be, and the backends of API Gateway did not ask either.
    func registration(
        _ head: RequestHead, _ bytes: Span<UInt8>, _ context: JudgementContext,
        _ admits: (RateSubject) -> RateVerdict, _ accepts: (TokenAlgorithm, Span<UInt8>, Span<UInt8>) -> Bool
    ) -> Verdict {
        switch bearer(head, bytes, context, admits, accepts) {
        case .refused(let refused): return .refused(refused)
        case .known(let claims):
            if let declared = head.framing.declaredBytes, declared > UInt64(RegistrationRequest.bodyBytesMax) {
                return .refused(
                    RefusedHead(
                        refusal: .badRequest, detail: RegistrationFault.tooLarge.detail, subject: claims.subject))
            }
            return .registration(
                RegistrationPlan(
                    claims: claims, host: host(head, bytes), expectsContinue: head.expectsContinue))
        }
    }

    /// A `GET /images/{imageId}`.
    func image(
        _ id: Int64, _ head: RequestHead, _ bytes: Span<UInt8>, _ context: JudgementContext,
        _ admits: (RateSubject) -> RateVerdict, _ accepts: (TokenAlgorithm, Span<UInt8>, Span<UInt8>) -> Bool
    ) -> Verdict {
        switch bearer(head, bytes, context, admits, accepts) {
        case .refused(let refused): .refused(refused)
        case .known(let claims): .image(ImageQuery(imageID: id, claims: claims, host: host(head, bytes)))
        }
    }

    /// A `GET /auth/guest-token`: address, secret, and the address once more, for what nothing else of the caller
    /// limits. While no token can be made none is counted.
    func guestToken(_ context: JudgementContext, _ admits: (RateSubject) -> RateVerdict) -> Verdict {
        if let refused = Self.refused(by: admits(.caller)) { return .refused(refused) }
        guard context.hasSecret else { return .refused(RefusedHead(refusal: .storeUnavailable)) }
        if let refused = Self.refused(by: admits(.guestToken)) { return .refused(refused) }
        return .guestToken
    }
}
