internal import Bytes
internal import FuzzBasics
internal import FuzzClaims
internal import Gateway
internal import HTTPWire
internal import Tokens

/// What every answer has to have, whatever it says: its status, its fields once, and a body of the contract's form.
struct ReplyCheck {
    private let setting: RequestSetting
    private let origin: [UInt8]?
    private let corsFields: [ResponseField]
    var requestID = "22222222-3333-4444-8555-666666666666"
    private static let uploaded = "1970-01-12T13:46:40.007Z"

    init(_ setting: RequestSetting, origin: [UInt8]?) throws(OracleFailure) {
        self.setting = setting
        self.origin = origin
        var fields: [ResponseField] = []
        if let origin {
            setting.cors.appendFields(origin: origin.span, to: &fields)
        } else {
            setting.cors.appendFields(origin: nil, to: &fields)
        }
        corsFields = fields
    }

    private var context: ReplyContext {
        ReplyContext(requestID: requestID, nowMilliseconds: setting.nowMilliseconds, corsFields: corsFields)
    }

    mutating func unreadable(_ refusal: WireRefusal) throws(OracleFailure) {
        let reply = Reply.unreadable(refusal, context: context)
        let json = try check(reply, status: refusal.status)
        guard json?.single("error")?.text != nil, reply.refusal != nil else { throw OracleFailure("no refusal") }
    }

    func preflight() throws(OracleFailure) {
        let reply = Reply.preflight(context: context)
        _ = try check(reply, status: 204)
        let names = try field("Access-Control-Allow-Headers", reply)
        guard names == "authorization, content-type, x-filename, idempotency-key",
            try field("Access-Control-Allow-Methods", reply) == "POST, GET, OPTIONS",
            try field("Access-Control-Max-Age", reply) == "86400", reply.response.body.isEmpty
        else { throw OracleFailure("a preflight") }
    }

    func content() throws(OracleFailure) {
        let reply = Reply.content([1, 2, 3], contentType: "image/gif", context: context)
        guard reply.response.body == [1, 2, 3], reply.response.status == 200,
            try field("Content-Type", reply) == "image/gif"
        else { throw OracleFailure("other content") }
    }

    func refused(_ head: RefusedHead) throws(OracleFailure) {
        try refused(
            head.refusal, detail: head.detail, allow: head.allow, retryAfterSeconds: head.retryAfterSeconds)
    }

    func refused(
        _ refusal: Refusal, detail exactDetail: String? = nil, allow: String? = nil, retryAfterSeconds: Int? = nil,
        imageID: Int64? = nil
    ) throws(OracleFailure) {
        let reply = Reply.refused(
            refusal, detail: exactDetail, allow: allow, retryAfterSeconds: retryAfterSeconds, imageID: imageID,
            context: context)
        let name = "\(refusal)"
        let expected = Self.table[name]
        guard let expected, reply.refusal == refusal else { throw OracleFailure("no such refusal: \(name)") }
        let json = try check(reply, status: expected.status)
        let message = Self.messages[name] ?? expected.error.lowercased()
        guard let json, json.single("error")?.text == expected.error, json.single("code")?.text == expected.code,
            json.single("message")?.text == message, let detail = json.single("detail")?.text, !detail.isEmpty
        else { throw OracleFailure("the body of \(name)") }
        if let exactDetail, detail != exactDetail { throw OracleFailure("another detail") }
        let data = Array(json.single("data")?.source ?? [])
        guard data == Array((imageID.map { "{\"imageId\":\($0)}" } ?? "null").utf8) else { throw OracleFailure("data") }
        let challenge = try field("WWW-Authenticate", reply)
        guard (challenge?.hasPrefix("Bearer ") ?? false) == (expected.status == 401) else { throw OracleFailure("401") }
        guard try field("Allow", reply) == allow else { throw OracleFailure("Allow") }
        let isLater = [429, 503].contains(expected.status) || refusal == .idempotencyInProgress
        let seconds = try field("Retry-After", reply).flatMap { Int($0) }
        guard (seconds != nil) == isLater, seconds ?? 1 >= 1 else { throw OracleFailure("Retry-After") }
        if let retryAfterSeconds, seconds != retryAfterSeconds { throw OracleFailure("another Retry-After") }
    }

    func created(_ plan: UploadPlan, _ url: String, _ bytes: UInt64) throws(OracleFailure) {
        let reply = Reply.created(imageID: 7, fileBytes: bytes, plan: plan, imageURL: url, context: context)
        let data = try data(reply, 201, "upload_image_success")
        try number(data, "imageId", 7)
        try number(data, "fileSize", Int64(bytes))
        try text(data, "imageUrl", url)
        try text(data, "originalFilename", plan.displayName)
        try text(data, "uploadedAt", Self.uploaded)
        let known = Reply.replayed(setting.image, imageURL: url, context: context)
        let again = try self.data(known, 201, "upload_image_success")
        try number(again, "imageId", setting.image.imageID)
        try number(again, "fileSize", setting.image.fileBytes)
        try text(again, "originalFilename", setting.image.filename ?? Self.lastSegment(setting.image.key))
        try text(again, "uploadedAt", "1970-01-01T00:00:01.000Z")
    }

    func registered(_ record: ImageRecord, _ url: String) throws(OracleFailure) {
        let reply = Reply.registered(record, imageURL: url, context: context)
        let data = try data(reply, 201, "register_image_metadata_success", isZoned: false)
        try number(data, "imageId", record.imageID)
        try number(data, "fileSize", record.fileBytes)
        try text(data, "imageUrl", url)
        try text(data, "originalFilename", record.filename ?? Self.lastSegment(record.key))
        try text(data, "createdAt", "1970-01-12T13:46:40")
    }

    func image(_ record: ImageRecord, _ url: String) throws(OracleFailure) {
        let data = try data(Reply.image(record, imageURL: url, context: context), 200, "get_image_success")
        try number(data, "imageId", record.imageID)
        try number(data, "fileSize", record.fileBytes)
        try text(data, "imageUrl", url)
        try text(data, "contentType", record.contentType)
        try text(data, "originalFilename", record.filename ?? Self.lastSegment(record.key))
        try text(data, "uploadedAt", "1970-01-01T00:00:01.000Z")
        try text(data, "registeredAt", record.registered == nil ? nil : "1970-01-01T00:00:02.000Z")
        try text(data, "expiresAt", record.expires == nil ? nil : "1970-01-01T02:30:00.000Z")
    }

    func guestToken() throws(OracleFailure) {
        let reply = Reply.guestToken("a.b.c", expiresInSeconds: 300, context: context)
        let data = try data(reply, 200, "issue_guest_token_success")
        try text(data, "guestToken", "a.b.c")
        try number(data, "expiresIn", 300)
    }

    // MARK: - Parts

    private static func lastSegment(_ key: String) -> String { key.split(separator: "/").last.map(String.init) ?? key }

    private func data(
        _ reply: Reply, _ status: Int, _ message: String, isZoned: Bool = true
    ) throws(OracleFailure) -> PlainJSON {
        let json = try check(reply, status: status, isZoned: isZoned)
        guard let json, json.single("message")?.text == message, let source = json.single("data")?.source,
            let data = PlainJSON(Array(source)), reply.refusal == nil
        else { throw OracleFailure("the body of \(message)") }
        return data
    }

    private func number(_ data: PlainJSON, _ name: String, _ value: Int64) throws(OracleFailure) {
        guard data.single(name)?.scalar == String(value) else { throw OracleFailure(name) }
    }

    private func text(_ data: PlainJSON, _ name: String, _ value: String?) throws(OracleFailure) {
        guard let member = data.single(name) else { throw OracleFailure(name) }
        guard let value else {
            guard member.scalar == "null" else { throw OracleFailure(name) }
            return
        }
        guard let text = member.text, text.utf8.elementsEqual(value.utf8) else { throw OracleFailure(name) }
    }

    /// The value of a field that stands there once; nil where there is none.
    private func field(_ name: String, _ reply: Reply) throws(OracleFailure) -> String? {
        var value: String?
        for field in reply.response.fields where Self.isSame(field.name, name) {
            guard value == nil else { throw OracleFailure("\(name) twice") }
            value = field.value
        }
        return value
    }

    /// Whether two names are one but for the case of their letters.
    private static func isSame(_ left: String, _ right: String) -> Bool {
        guard left.utf8.count == right.utf8.count else { return false }
        for (one, other) in zip(left.utf8, right.utf8) where lower(one) != lower(other) { return false }
        return true
    }

    private static func lower(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte + 0x20 : byte }

    private func check(_ reply: Reply, status: Int, isZoned: Bool = true) throws(OracleFailure) -> PlainJSON? {
        guard reply.response.status == status else { throw OracleFailure("status \(reply.response.status)") }
        guard try field("Date", reply) == "Mon, 12 Jan 1970 13:46:40 GMT",
            try field("x-request-id", reply) == requestID,
            try field("X-Content-Type-Options", reply) == "nosniff", try field("Cache-Control", reply) == "no-store",
            try field("Access-Control-Expose-Headers", reply) == "x-request-id, retry-after"
        else { throw OracleFailure("a field that every answer has") }
        let allowed = try field("Access-Control-Allow-Origin", reply)
        let list = setting.cors.origins
        if list.isEmpty {
            guard allowed == "*" else { throw OracleFailure("an origin") }
        } else {
            let named = list.first { Array($0.utf8) == origin }
            let expected = origin == nil ? (list.count == 1 ? list[0] : nil) : named
            guard allowed == expected, try field("Vary", reply) == "Origin" else { throw OracleFailure("an origin") }
        }
        for field in reply.response.fields where !field.value.utf8.allSatisfy({ (0x20 ..< 0x7F).contains($0) }) {
            throw OracleFailure("a byte that no field may have")
        }
        guard !reply.response.body.isEmpty else { return nil }
        guard let json = PlainJSON(reply.response.body), try field("Content-Type", reply) == "application/json",
            json.single("timestamp")?.text == (isZoned ? Self.uploaded : "1970-01-12T13:46:40")
        else { throw OracleFailure("a body that is no envelope") }
        return json
    }

    /// Contract § 1, "Errors".
    private static let table: [String: (status: Int, error: String, code: String)] = [
        "tokenMissing": (401, "TOKEN_MISSING", "AUTH-003"),
        "tokenExpired": (401, "TOKEN_EXPIRED", "AUTH-003"),
        "tokenInvalid": (401, "TOKEN_INVALID", "AUTH-003"),
        "invalidFileType": (400, "INVALID_FILE_TYPE", "IMAGE-003"),
        "invalidFileSignature": (400, "INVALID_FILE_SIGNATURE", "IMAGE-004"),
        "fileTooLarge": (413, "FILE_TOO_LARGE", "IMAGE-002"),
        "invalidImageURL": (400, "INVALID_IMAGE_URL", "IMAGE-005"),
        "imageAlreadyRegistered": (409, "IMAGE_ALREADY_REGISTERED", "IMAGE-006"),
        "idempotencyConflict": (409, "IDEMPOTENCY_CONFLICT", "IMAGE-007"),
        "idempotencyInProgress": (409, "IDEMPOTENCY_IN_PROGRESS", "IMAGE-008"),
        "badRequest": (400, "BAD_REQUEST", "COMMON-400"),
        "notFound": (404, "NOT_FOUND", "COMMON-404"),
        "methodNotAllowed": (405, "METHOD_NOT_ALLOWED", "COMMON-405"),
        "requestTimeout": (408, "REQUEST_TIMEOUT", "COMMON-408"),
        "uriTooLong": (414, "URI_TOO_LONG", "COMMON-414"),
        "headersTooLarge": (431, "HEADERS_TOO_LARGE", "COMMON-431"),
        "tooManyRequests": (429, "TOO_MANY_REQUESTS", "COMMON-429"),
        "storeUnavailable": (503, "STORE_UNAVAILABLE", "COMMON-503"),
        "internal": (500, "INTERNAL", "COMMON-999"),
        "notImplemented": (501, "NOT_IMPLEMENTED", "COMMON-501"),
        "versionNotSupported": (505, "HTTP_VERSION_NOT_SUPPORTED", "COMMON-505"),
    ]
    private static let messages = ["notFound": "Not Found", "tooManyRequests": "Too Many Requests"]
}
