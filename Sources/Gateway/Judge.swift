internal import Bytes
package import HTTPWire
internal import Images
package import Tokens

/// What the head of a request alone decides.
package enum Verdict: Sendable {
    /// `OPTIONS`, of any path.
    case preflight
    case refused(RefusedHead)
    /// A `POST /images` whose body is to be read.
    case upload(UploadPlan)
    /// A `POST /images` whose body is a form that brings the image.
    case form(FormPlan)
    /// A `POST /images/metadata` whose body is to be read.
    case registration(RegistrationPlan)
    /// A `GET /images/{imageId}`.
    case image(ImageQuery)
    /// A `GET /auth/guest-token`.
    case guestToken
    /// `GET /` of development mode.
    case uploadPage
    /// `GET /objects/{key}` of development mode; the key is decoded.
    case object(key: String)
}

/// A refusal, with what the answer and the log need besides.
package struct RefusedHead: Sendable {
    package let refusal: Refusal
    /// More exact words than the table's.
    package var detail: String?
    /// The `Allow` field of a 405.
    package var allow: String?
    /// When a request that came too soon may come again.
    package var retryAfterSeconds: Int?
    /// What was wrong with the token, for the log alone.
    package var tokenDefect: TokenDefect?
    /// The `sub` of a token that was right.
    package var subject: String?
}

/// Whose rate is asked for.
package enum RateSubject: Equatable, Sendable {
    /// Whoever the connection and its proxies say is calling.
    case caller
    /// The `sub` of a token that is right.
    case subject(String)
    /// Whoever is calling, for a guest token.
    case guestToken
}

/// What the clock, the dice and the secret say at the time of one request.
package struct JudgementContext {
    /// Since the epoch.
    package let nowMilliseconds: Int64
    /// 36 bytes of text, random: the one of the object's key.
    package let uuid: String
    /// 36 bytes of text, random: the record's own mark on the object.
    package let recordToken: String
    /// Whether the secret that tokens are signed with is known.
    package let hasSecret: Bool

    package init(nowMilliseconds: Int64, uuid: String, recordToken: String, hasSecret: Bool) {
        self.nowMilliseconds = nowMilliseconds
        self.uuid = uuid
        self.recordToken = recordToken
        self.hasSecret = hasSecret
    }
}

/// The checks of contract § 1 that need no body, in the contract's order: route, method, rate of the address, token,
/// rate of the `sub`, content type, declared length.
package struct Judge: Sendable {
    package let policy: UploadPolicy
    package let leewaySeconds: Int64
    package let trustedRoles: [String]
    /// Whether the routes of development mode exist.
    package let servesDevelopment: Bool
    /// Whether guest tokens are issued.
    package var servesGuestTokens = false
    /// The field of a form that carries the file; nil: any part with a file name.
    package var formField: String?

    package init(policy: UploadPolicy, leewaySeconds: Int64, trustedRoles: [String], servesDevelopment: Bool) {
        self.policy = policy
        self.leewaySeconds = leewaySeconds
        self.trustedRoles = trustedRoles
        self.servesDevelopment = servesDevelopment
    }

    /// Judges `head`, whose slices point into `bytes`.
    ///
    /// - Parameters:
    ///   - admits: whether a caller may ask now; each question counts.
    ///   - accepts: whether a signature is the MAC of a signing input with the secret, in constant time.
    package func verdict(
        on head: RequestHead, bytes: Span<UInt8>, context: JudgementContext,
        admits: (RateSubject) -> RateVerdict = { _ in .admitted },
        accepts: (_ algorithm: TokenAlgorithm, _ signature: Span<UInt8>, _ signingInput: Span<UInt8>) -> Bool
    ) -> Verdict {
        if head.method == .options { return .preflight }
        let route = Route(
            path: head.path.bytes(in: bytes), servesDevelopment: servesDevelopment,
            servesGuestTokens: servesGuestTokens)
        guard let method = route.method else { return .refused(RefusedHead(refusal: .notFound)) }
        guard head.method == method else {
            return .refused(RefusedHead(refusal: .methodNotAllowed, allow: route.allow))
        }
        switch route {
        case .images: return upload(head, bytes, context, admits, accepts)
        case .metadata: return registration(head, bytes, context, admits, accepts)
        case .image(let id): return image(id, head, bytes, context, admits, accepts)
        case .guestToken: return guestToken(context, admits)
        case .uploadPage: return .uploadPage
        case .object(let encoded):
            guard let key = decoded(encoded) else { return .refused(RefusedHead(refusal: .notFound)) }
            return .object(key: key)
        case .none: return .refused(RefusedHead(refusal: .notFound))
        }
    }

    private func upload(
        _ head: RequestHead, _ bytes: Span<UInt8>, _ context: JudgementContext,
        _ admits: (RateSubject) -> RateVerdict, _ accepts: (TokenAlgorithm, Span<UInt8>, Span<UInt8>) -> Bool
    ) -> Verdict {
        let claims: TokenClaims
        switch bearer(head, bytes, context, admits, accepts) {
        case .known(let verified): claims = verified
        case .refused(let refused): return .refused(refused)
        }
        if let form = form(head, bytes, context, claims) { return form }
        guard head.count(of: .contentType) == 1, let value = head.value(of: .contentType, in: bytes),
            let type = ImageType(contentType: value)
        else { return .refused(RefusedHead(refusal: .invalidFileType, subject: claims.subject)) }
        let declared = head.framing.declaredBytes
        if let declared, declared > policy.uploadBytesMax {
            return .refused(RefusedHead(refusal: .fileTooLarge, subject: claims.subject))
        }
        let key = ObjectKey(
            subject: claims.subject, milliseconds: context.nowMilliseconds, uuid: context.uuid, type: type)
        return .upload(
            UploadPlan(
                key: key, claims: claims, type: type, declaredBytes: declared,
                filename: filename(head, bytes), host: host(head, bytes),
                recordToken: context.recordToken, expectsContinue: head.expectsContinue))
    }

    /// Who asks, if they may.
    enum Bearer {
        case known(TokenClaims)
        case refused(RefusedHead)
    }

    /// What every route with a token begins with: rate of the address, token, rate of the `sub`.
    func bearer(
        _ head: RequestHead, _ bytes: Span<UInt8>, _ context: JudgementContext,
        _ admits: (RateSubject) -> RateVerdict, _ accepts: (TokenAlgorithm, Span<UInt8>, Span<UInt8>) -> Bool
    ) -> Bearer {
        if let refused = Self.refused(by: admits(.caller)) { return .refused(refused) }
        let claims: TokenClaims
        switch identity(head, bytes, context, accepts) {
        case .success(let verified): claims = verified
        case .failure(.missing): return .refused(RefusedHead(refusal: .tokenMissing))
        case .failure(.expired): return .refused(RefusedHead(refusal: .tokenExpired))
        case .failure(.invalid(.signature)) where !context.hasSecret:
            return .refused(RefusedHead(refusal: .storeUnavailable))
        case .failure(.invalid(let defect)): return .refused(RefusedHead(refusal: .tokenInvalid, tokenDefect: defect))
        }
        if var refused = Self.refused(by: admits(.subject(claims.subject))) {
            refused.subject = claims.subject
            return .refused(refused)
        }
        return .known(claims)
    }

    static func refused(by verdict: RateVerdict) -> RefusedHead? {
        switch verdict {
        case .admitted: nil
        case .refused(let seconds): RefusedHead(refusal: .tooManyRequests, retryAfterSeconds: seconds)
        }
    }

    private func decoded(_ encodedKey: String) -> String? {
        guard let key = PercentCoding.decode(encodedKey.utf8Span.span) else { return nil }
        return key.span.validatedText()
    }

    func filename(_ head: RequestHead, _ bytes: Span<UInt8>) -> String? {
        guard let value = head.value(of: .xFilename, in: bytes) else { return nil }
        return FileName.decode(fieldValue: value)
    }

    func host(_ head: RequestHead, _ bytes: Span<UInt8>) -> String {
        guard let value = head.value(of: .host, in: bytes) else { return "" }
        return value.repairedText()
    }

    private func identity(
        _ head: RequestHead, _ bytes: Span<UInt8>, _ context: JudgementContext,
        _ accepts: (TokenAlgorithm, Span<UInt8>, Span<UInt8>) -> Bool
    ) -> Result<TokenClaims, TokenRefusal> {
        let now = context.nowMilliseconds / 1_000
        let tokenPolicy = TokenPolicy(now: now, leewaySeconds: leewaySeconds, trustedRoles: trustedRoles)
        let count = head.count(of: .authorization)
        guard let value = head.value(of: .authorization, in: bytes) else {
            return BearerField.verify(count: 0, value: Span(), policy: tokenPolicy, accepts: accepts)
        }
        return BearerField.verify(count: count, value: value, policy: tokenPolicy, accepts: accepts)
    }
}
