internal import Bytes
internal import FuzzBasics
internal import Gateway
internal import HTTPWire
internal import Images
internal import Tokens

/// A second judgement of a head, over the lines of it, in the order of the contract.
struct PlainRequest {
    enum Expected {
        case preflight, guestToken, uploadPage
        case refused(Refusal)
        case upload(ImageType, TokenClaims)
        case form(TokenClaims)
        case registration(TokenClaims)
        case image(Int64, TokenClaims)
        case object([UInt8])
    }

    private let lines: [(name: String, value: [UInt8])]
    private let head: RequestHead
    private let path: [UInt8]
    private let method: String
    private let setting: RequestSetting

    init(_ head: RequestHead, _ bytes: [UInt8], _ setting: RequestSetting) {
        self.head = head
        self.setting = setting
        path = head.path.bytes(in: bytes.span).copied()
        method = head.methodName.bytes(in: bytes.span).repairedText()
        var lines: [(name: String, value: [UInt8])] = []
        let text = bytes.split(whereSeparator: { $0 == 0x0D || $0 == 0x0A }).dropFirst()
        for line in text {
            guard let colon = line.firstIndex(of: 0x3A) else { continue }
            let name = String(decoding: line[..<colon], as: UTF8.self).lowercased()
            lines.append((name, Self.trimmed(line[(colon + 1)...])))
        }
        self.lines = lines
    }

    private static func trimmed(_ bytes: ArraySlice<UInt8>) -> [UInt8] {
        var bytes = bytes.drop { $0 == 0x20 || $0 == 0x09 }
        while let last = bytes.last, last == 0x20 || last == 0x09 { bytes.removeLast() }
        return Array(bytes)
    }

    func fields(_ name: String) -> [[UInt8]] {
        var values: [[UInt8]] = []
        for line in lines where line.name == name { values.append(line.value) }
        return values
    }

    var host: String { fields("host").first.map { String(decoding: $0, as: UTF8.self) } ?? "" }

    /// Without a secret only a token that reads well is found to need it.
    var isVague: Bool { !setting.hasSecret }

    // MARK: - The verdict

    private var route: (method: String, allow: String)? {
        let text = String(decoding: path, as: UTF8.self)
        if text == "/images" || text == "/images/metadata" { return ("POST", "POST, OPTIONS") }
        let get = ("GET", "GET, OPTIONS")
        if text.hasPrefix("/images/") { return imageID == nil ? nil : get }
        if text == "/auth/guest-token" { return setting.judge.servesGuestTokens ? get : nil }
        if text == "/" || text.hasPrefix("/objects/") { return setting.judge.servesDevelopment ? get : nil }
        return nil
    }

    private var imageID: Int64? {
        let digits = path.dropFirst("/images/".utf8.count)
        guard let first = digits.first, first != 0x30, digits.allSatisfy({ (0x30 ... 0x39).contains($0) })
        else { return nil }
        return Int64(String(decoding: digits, as: UTF8.self))
    }

    func checkRoute() throws(OracleFailure) {
        let route = Route(
            path: path.span, servesDevelopment: setting.judge.servesDevelopment,
            servesGuestTokens: setting.judge.servesGuestTokens)
        guard route.allow == self.route?.allow else { throw OracleFailure("the methods of \(route)") }
    }

    func allow(_ refusal: Refusal) -> String? { refusal == .methodNotAllowed ? route?.allow : nil }

    /// - Parameter rates: what was answered to each question about a rate.
    func verdict(_ rates: [RateVerdict]) -> Expected {
        if method == "OPTIONS" { return .preflight }
        guard let route else { return .refused(.notFound) }
        guard method == route.method else { return .refused(.methodNotAllowed) }
        let text = String(decoding: path, as: UTF8.self)
        if text == "/" { return .uploadPage }
        if text.hasPrefix("/objects/") {
            let key = PlainBytes.percentDecoded(path[...].dropFirst("/objects/".utf8.count))
            guard let key, String(validating: key, as: UTF8.self) != nil else { return .refused(.notFound) }
            return .object(key)
        }
        guard rates.first == .admitted else { return .refused(.tooManyRequests) }
        if text == "/auth/guest-token" {
            guard setting.hasSecret else { return .refused(.storeUnavailable) }
            return rates.last == .admitted ? .guestToken : .refused(.tooManyRequests)
        }
        let claims: TokenClaims
        switch bearer {
        case .refused(let refusal): return .refused(refusal)
        case .claims(let known): claims = known
        }
        guard rates.count == 2, rates[1] == .admitted else { return .refused(.tooManyRequests) }
        if text == "/images" { return upload(claims) }
        if text == "/images/metadata" {
            let isTooLong = head.framing.declaredBytes.map { $0 > 8_192 } ?? false
            return isTooLong ? .refused(.badRequest) : .registration(claims)
        }
        return imageID.map { .image($0, claims) } ?? .refused(.notFound)
    }

    private var bearer: RequestTokens.Verdict {
        let values = fields("authorization")
        guard let value = values.first else { return .refused(.tokenMissing) }
        guard values.count == 1 else { return .refused(.tokenInvalid) }
        let words = value.split(separator: 0x20, maxSplits: 1)
        guard words.count == 2, String(decoding: words[0], as: UTF8.self).lowercased() == "bearer"
        else { return .refused(.tokenMissing) }
        let token = String(decoding: words[1].drop { $0 == 0x20 }, as: UTF8.self)
        guard !token.isEmpty else { return .refused(.tokenMissing) }
        guard setting.hasSecret else { return .refused(.storeUnavailable) }
        guard let verdict = RequestTokens.verdicts[token] else { return .refused(.tokenInvalid) }
        let leeway = setting.judge.leewaySeconds
        switch verdict {
        case .claims(let claims) where claims.expiresAt + leeway <= RequestTokens.now: return .refused(.tokenExpired)
        case .refused(.tokenExpired) where leeway > 0:
            return .claims(TokenClaims(subject: "1", role: .user, expiresAt: RequestTokens.now))
        case .claims, .refused: return verdict
        }
    }

    private func upload(_ claims: TokenClaims) -> Expected {
        let types = fields("content-type")
        guard types.count == 1, let type = types.first else { return .refused(.invalidFileType) }
        let name = String(decoding: Self.trimmed(type.prefix { $0 != 0x3B }), as: UTF8.self).lowercased()
        let boundary = PlainBoundary(type[...])
        if boundary == .wrong { return .refused(.badRequest) }
        let isForm = boundary != .otherType
        let types2: [String: ImageType] = ["image/jpeg": .jpeg, "image/png": .png, "image/gif": .gif]
        guard isForm || types2[name] != nil else { return .refused(.invalidFileType) }
        let cap: UInt64 = isForm ? 1_000 + 65_536 : 1_000
        if let declared = head.framing.declaredBytes, declared > cap { return .refused(.fileTooLarge) }
        let keys = fields("idempotency-key")
        guard keys.count <= 1 else { return .refused(.badRequest) }
        if let key = keys.first, !(1 ... 128).contains(key.count) || key.contains(where: { $0 < 0x21 || $0 > 0x7E }) {
            return .refused(.badRequest)
        }
        if isForm { return .form(claims) }
        return types2[name].map { .upload($0, claims) } ?? .refused(.invalidFileType)
    }

    /// - Parameter part: the head of the file's part, where the upload comes of a form.
    func check(_ plan: UploadPlan, part: PlainPartHead? = nil) throws(OracleFailure) {
        let ending = ["\(ImageType.jpeg)": "jpeg", "\(ImageType.png)": "png"]["\(plan.type)"] ?? "gif"
        let key = "users/\(plan.claims.subject)/images/\(setting.nowMilliseconds)-\(RequestSetting.uuid).\(ending)"
        guard plan.key.text == key, plan.key.milliseconds == setting.nowMilliseconds, plan.host == host,
            plan.declaredBytes == (part == nil ? head.framing.declaredBytes : nil),
            plan.recordToken == RequestSetting.recordToken,
            plan.expectsContinue == (part == nil && head.expectsContinue)
        else { throw OracleFailure("the plan \(plan)") }
        guard plan.idempotencyKey.map({ Array($0.utf8) }) == fields("idempotency-key").first
        else { throw OracleFailure("the key of an upload") }
        // What the request calls the file counts before what its part does.
        var name = PlainFileName.text(fields("x-filename").first?[...] ?? [])
        if name.isEmpty, let part {
            name = PlainFileName.text(formFilename: part.filename, extended: part.extendedFilename)
        }
        let isKept = PlainFileName.isKept(plan.filename, ofText: name)
        let shown = plan.filename ?? String(key[key.index(after: key.lastIndex(of: "/") ?? key.startIndex)...])
        guard isKept, plan.displayName.utf8.elementsEqual(shown.utf8) else { throw OracleFailure("another name") }
    }

    // MARK: - The caller

    /// Whoever is not trusted is the caller; what a trusted proxy says is taken up to the first that is not.
    func check(_ identity: ClientIdentity) throws(OracleFailure) {
        guard setting.trusted.contains(setting.peer) else {
            guard identity.address == setting.peer, identity.scheme == nil, identity.requestID == nil
            else { throw OracleFailure("a peer who is not trusted is believed") }
            return
        }
        let ids = fields("x-request-id")
        let isPlain = ids.count == 1 && (1 ... 128).contains(ids[0].count) && ids[0].allSatisfy(Self.isIDByte)
        guard identity.requestID.map({ Array($0.utf8) }) == (isPlain ? ids[0] : nil)
        else { throw OracleFailure("another request id") }
        let proto = fields("x-forwarded-proto")
        if let word = proto.first {
            let name = String(decoding: word, as: UTF8.self).lowercased()
            let scheme: ForwardedScheme? = name == "https" ? .https : name == "http" ? .http : nil
            guard identity.scheme == (proto.count == 1 ? scheme : nil) else { throw OracleFailure("another scheme") }
        }
        let named = fields("x-forwarded-for") + fields("forwarded")
        if named.isEmpty, identity.address != setting.peer { throw OracleFailure("a caller that nobody named") }
        // Plain addresses alone: from the last one on to the left, as long as who says it is trusted.
        var caller = setting.peer
        let list = Array(fields("x-forwarded-for").joined(separator: [0x2C]))
        let words = list.contains(0x22) ? [] : list.split(separator: 0x2C)
        for word in words.reversed().prefix(16) where setting.trusted.contains(caller) {
            guard let said = PlainAuthority.address(String(decoding: Self.trimmed(word), as: UTF8.self)) else { return }
            caller = said
        }
        guard words.isEmpty || identity.address == caller else { throw OracleFailure("not the caller that was named") }
    }

    private static func isIDByte(_ byte: UInt8) -> Bool {
        PlainBytes.isAlphanumeric(byte) || "-_.:=+/@".utf8.contains(byte)
    }
}
