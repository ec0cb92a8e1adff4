internal import Bytes
internal import FormData
internal import FuzzBasics
internal import Gateway
internal import HTTPWire
internal import Images
internal import JSONWire
internal import Tokens

/// One request whose head is right, from its caller to its answers.
struct RequestExchange {
    private let head: RequestHead
    private let bytes: [UInt8]
    private let body: [UInt8]
    private let setting: RequestSetting
    private let plain: PlainRequest
    private var caller: IPAddress?
    private var scheme = ForwardedScheme.http
    private var reply: ReplyCheck
    private var rates: PlainRates

    init(
        _ head: RequestHead, _ bytes: [UInt8], _ body: [UInt8], _ setting: RequestSetting
    ) throws(OracleFailure) {
        self.head = head
        self.bytes = bytes
        self.body = body
        self.setting = setting
        plain = PlainRequest(head, bytes, setting)
        reply = try ReplyCheck(setting, origin: plain.fields("origin").first)
        rates = PlainRates(setting)
    }

    mutating func run() throws(OracleFailure) {
        let identity = ClientIdentity(peer: setting.peer, trusted: setting.trusted, head: head, bytes: bytes.span)
        try plain.check(identity)
        caller = identity.address
        scheme = identity.scheme ?? .http
        if let id = identity.requestID { reply.requestID = id }
        try rates.checkKeys(identity.address)
        try plain.checkRoute()
        try reply.refused(setting.refusal)
        for _ in 0 ..< setting.repeats { try judge() }
    }

    private mutating func judge() throws(OracleFailure) {
        let context = JudgementContext(
            nowMilliseconds: setting.nowMilliseconds, uuid: RequestSetting.uuid,
            recordToken: RequestSetting.recordToken, hasSecret: setting.hasSecret)
        var rates = rates
        rates.begin()
        var macs = 0
        let (setting, caller) = (setting, caller)
        let verdict = setting.judge.verdict(on: head, bytes: bytes.span, context: context) { subject in
            rates.admit(subject, caller)
        } accepts: { algorithm, signature, _ in
            macs += 1
            return setting.hasSecret && algorithm == .hs256 && signature.copied() == RequestTokens.signature
        }
        try rates.check()
        self.rates = rates
        guard macs <= 1 else { throw OracleFailure("a signature is asked for \(macs) times") }
        let expected = plain.verdict(rates.verdicts)
        switch (verdict, expected) {
        case (.preflight, .preflight): try reply.preflight()
        case (.refused(let refused), .refused(let refusal)):
            let isSame = refused.refusal == refusal || plain.isVague && refused.refusal == .tokenInvalid
            guard isSame else { throw OracleFailure("\(refused.refusal), not \(refusal)") }
            guard refused.allow == plain.allow(refusal) else { throw OracleFailure("Allow: \(refused.allow ?? "")") }
            try reply.refused(refused)
        case (.upload(let plan), .upload(let type, let claims)):
            guard plan.type == type, plan.claims == claims else { throw OracleFailure("another plan") }
            try plain.check(plan)
            guard setting.publicURL.url(of: plan.key, scheme: scheme, host: plan.host)
                == setting.publicURL.url(ofKey: plan.key.text, scheme: scheme, host: plan.host)
            else { throw OracleFailure("two URLs") }
            try reply.created(plan, url(plan.key.text, plan.host), receive(plan))
        case (.form(let plan), .form(let claims)):
            guard plan.claims == claims, plan.expectsContinue == head.expectsContinue
            else { throw OracleFailure("another form") }
            try read(plan)
        case (.registration(let plan), .registration(let claims)):
            guard plan.claims == claims, plan.host == plain.host else { throw OracleFailure("another registration") }
            try register(plan)
        case (.image(let query), .image(let id, let claims)):
            guard query.imageID == id, query.claims == claims, query.host == plain.host
            else { throw OracleFailure("another image") }
            let sight = PlainRecord.sight(setting.image, claims)
            guard query.sight(of: setting.image) == sight, query.sight(of: nil) == .hidden
            else { throw OracleFailure("an image is shown to another") }
            if sight == .visible { try reply.image(setting.image, url(setting.image.key, query.host)) }
        case (.guestToken, .guestToken): try reply.guestToken()
        case (.uploadPage, .uploadPage): try reply.content()
        case (.object(let key), .object(let path)):
            guard Array(key.utf8) == path else { throw OracleFailure("another object: \(key)") }
            try reply.content()
        default: throw OracleFailure("\(verdict), not \(expected)")
        }
    }

    private func url(_ key: String, _ host: String) throws(OracleFailure) -> String {
        let url = setting.publicURL.url(ofKey: key, scheme: scheme, host: host)
        guard url == PlainKey.url(of: key, setting.publicURL, "\(scheme)", host)
        else { throw OracleFailure("the URL \(url)") }
        guard ObjectKey.matches(key) == (PlainKey.isKey(Array(key.utf8)) != nil) else { throw OracleFailure("a key") }
        return url
    }

    /// The beginning of an upload's body: what it is told of its magic number and its length.
    private func receive(_ plan: UploadPlan) -> UInt64 {
        var effects: [UploadEffect] = []
        var exchange = UploadExchange(plan: plan, policy: setting.judge.policy, into: &effects)
        var offset = 0
        while offset < body.count {
            let end = min(offset + setting.pieceBytes, body.count)
            guard exchange.receive(body.span.extracting(offset ..< end), into: &effects) else { break }
            offset = end
        }
        return exchange.receivedBytes
    }

    // MARK: - Forms

    /// Any cut of the body gives the same: the file of a form that is right, with the type and the name of its part.
    private func read(_ plan: FormPlan) throws(OracleFailure) {
        let boundary = Array(plan.boundary.delimiter.dropFirst(4))
        guard PlainBoundary(plain.fields("content-type").first?[...] ?? []) == .right(boundary)
        else { throw OracleFailure("another boundary") }
        let whole = try TakenForm(plan, body, pieceBytes: max(body.count, 1))
        let cut = try TakenForm(plan, body, pieceBytes: setting.pieceBytes)
        guard whole == cut else { throw OracleFailure("cut into pieces: \(cut)\nwhole: \(whole)") }
        let form = PlainForm(body, delimiter: plan.boundary.delimiter)
        let expected = PlainIntake(form, bodyBytes: body.count, field: setting.judge.formField)
        if let end = whole.refusal {
            guard expected.isRefused(as: end) else { throw OracleFailure("a form: \(end), not \(expected)") }
            guard end.refusal == (end == .fileType ? .invalidFileType : .badRequest)
            else { throw OracleFailure("\(end.refusal) of a form") }
            return try reply.refused(end.refusal, detail: end.detail)
        }
        guard case .file(let head, let data) = expected, let taken = whole.plan
        else { throw OracleFailure("a form that is none: \(expected)") }
        guard whole.file == data, "\(taken.type)" == head.imageType, taken.claims == plan.claims
        else { throw OracleFailure("another file of a form") }
        try plain.check(taken, part: head)
    }

    // MARK: - Registration

    private mutating func register(_ plan: RegistrationPlan) throws(OracleFailure) {
        let plainly = PlainRegistration(body)
        let request: RegistrationRequest
        do throws(RegistrationFault) {
            request = try RegistrationRequest.parse(body.span)
        } catch {
            guard plainly.mayBeRefused else { throw OracleFailure("refused as \(error)") }
            return try reply.refused(.badRequest, detail: error.detail)
        }
        try plainly.check(request)
        let registration = ImageRegistration(
            request, claims: plan.claims, publicURL: setting.publicURL, scheme: scheme, host: plan.host)
        if case .url(let url) = request.image {
            let base = PlainKey.base(setting.publicURL, "\(scheme)", plan.host)
            let key = PlainKey.key(of: Array(url.utf8), base: base)
            guard (registration == nil) == (key == nil) else { throw OracleFailure("the key of \(url)") }
            if case .key(let found)? = registration?.image {
                guard found.text == key?.text, found.milliseconds == key?.milliseconds
                else { throw OracleFailure("the key of \(url) is \(found.text)") }
            }
        }
        guard let registration else { return try reply.refused(.invalidImageURL) }
        guard registration.owner == (plan.claims.role.isTrusted ? request.owner : nil)
        else { throw OracleFailure("an image is given away") }
        let record = setting.image
        let verdict = registration.verdict(on: record)
        guard verdict == PlainRecord.verdict(record, plan.claims)
        else { throw OracleFailure("registration: \(verdict)") }
        switch verdict {
        case .noSuchImage: try reply.refused(.invalidImageURL)
        case .unsettled: try reply.refused(.storeUnavailable)
        case .alreadyRegistered: try reply.refused(.imageAlreadyRegistered, imageID: record.imageID)
        case .registers(let lifts):
            let written = registration.applied(to: record, liftsExpiry: lifts, at: setting.nowMilliseconds)
            guard written.registered == setting.nowMilliseconds, written.registrant == plan.claims.role.name,
                written.expires == (lifts ? nil : record.expires), written.owner == registration.owner ?? record.owner,
                written.imageID == record.imageID, written.key == record.key, written.state == record.state
            else { throw OracleFailure("it is written as \(written)") }
            try reply.registered(written, url(written.key, plan.host))
        }
    }
}
