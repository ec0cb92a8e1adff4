internal import Bytes
package import HTTPWire
internal import JSONWire

/// An answer, and what the log says of it.
package struct Reply: Equatable, Sendable {
    package let response: Response
    /// What was refused; nil for an answer that is no refusal.
    package let refusal: Refusal?

    package init(_ response: Response, refusal: Refusal? = nil) {
        self.response = response
        self.refusal = refusal
    }
}

/// What every answer to one request needs to know.
package struct ReplyContext: Sendable {
    /// 36 bytes of text of our own, or what a trusted proxy gave, see ``ClientIdentity/requestID``.
    package let requestID: String
    /// Since the epoch, at the time of the answer.
    package var nowMilliseconds: Int64
    /// The CORS fields, decided from the request's `Origin`.
    package let corsFields: [ResponseField]

    package init(requestID: String, nowMilliseconds: Int64, corsFields: [ResponseField]) {
        self.requestID = requestID
        self.nowMilliseconds = nowMilliseconds
        self.corsFields = corsFields
    }

    /// The fields that every response carries.
    package func commonFields(contentType: String?) -> [ResponseField] {
        var fields: [ResponseField] = []
        fields.reserveCapacity(corsFields.count + 8)
        fields.append(ResponseField("Date", CivilTime(millisecondsSinceEpoch: nowMilliseconds).imfFixdate))
        fields.append(ResponseField("x-request-id", requestID))
        fields.append(ResponseField("X-Content-Type-Options", "nosniff"))
        fields.append(ResponseField("Cache-Control", "no-store"))
        if let contentType { fields.append(ResponseField("Content-Type", contentType)) }
        fields.append(contentsOf: corsFields)
        return fields
    }
}

extension Reply {
    /// 201 of `POST /images`.
    ///
    /// - Parameter imageURL: where the image is, see ``PublicURL``.
    package static func created(
        imageID: Int64, fileBytes: UInt64, plan: UploadPlan, imageURL: String, context: ReplyContext
    ) -> Reply {
        let time = CivilTime(millisecondsSinceEpoch: context.nowMilliseconds).iso8601
        var json = JSONWriter(capacityBytes: 512)
        json.beginObject()
        json.member("message", "upload_image_success")
        json.name("data")
        json.beginObject()
        json.member("imageId", imageID)
        json.member("imageUrl", imageURL)
        json.member("fileSize", Int64(clamping: fileBytes))
        json.member("originalFilename", plan.displayName)
        json.member("uploadedAt", time)
        json.endObject()
        json.member("timestamp", time)
        json.endObject()
        return Reply(
            Response(status: 201, fields: context.commonFields(contentType: "application/json"), body: json.bytes))
    }

    /// A refusal in the one form that all of them have.
    ///
    /// - Parameters:
    ///   - detail: more exact words than the table's, never any of the request's own bytes.
    ///   - allow: the `Allow` field of a 405.
    ///   - retryAfterSeconds: what is known better than the table's own, see ``RateVerdict``.
    ///   - imageID: what `data` names where there is something to name.
    package static func refused(
        _ refusal: Refusal, detail: String? = nil, allow: String? = nil, retryAfterSeconds: Int? = nil,
        imageID: Int64? = nil, context: ReplyContext
    ) -> Reply {
        let row = refusal.row
        var json = JSONWriter(capacityBytes: 256)
        json.beginObject()
        json.member("message", refusal.message)
        json.member("error", row.error)
        json.member("code", row.code)
        json.member("detail", detail ?? row.detail)
        json.name("data")
        if let imageID {
            json.beginObject()
            json.member("imageId", imageID)
            json.endObject()
        } else {
            json.null()
        }
        json.member("timestamp", CivilTime(millisecondsSinceEpoch: context.nowMilliseconds).iso8601)
        json.endObject()
        var fields = context.commonFields(contentType: "application/json")
        if row.status == 401 { fields.append(ResponseField("WWW-Authenticate", challenge(for: refusal))) }
        if let allow { fields.append(ResponseField("Allow", allow)) }
        if let seconds = retryAfterSeconds ?? refusal.retryAfterSeconds {
            fields.append(ResponseField("Retry-After", String(seconds)))
        }
        return Reply(Response(status: row.status, fields: fields, body: json.bytes), refusal: refusal)
    }

    /// The refusal of a request that the wire parser could not take.
    package static func unreadable(_ wire: WireRefusal, context: ReplyContext) -> Reply {
        switch wire {
        case .badRequest(let fault): refused(.badRequest, detail: fault.detail, context: context)
        case .uriTooLong: refused(.uriTooLong, context: context)
        case .headersTooLarge: refused(.headersTooLarge, context: context)
        case .bodyTooLarge: refused(.fileTooLarge, context: context)
        case .methodNotImplemented, .codingNotImplemented:
            refused(.notImplemented, detail: wire.detail, context: context)
        case .versionNotSupported: refused(.versionNotSupported, context: context)
        }
    }

    /// 204 of a preflight (or of any `OPTIONS`).
    package static func preflight(context: ReplyContext) -> Reply {
        var fields = context.commonFields(contentType: nil)
        CORSPolicy.appendPreflightFields(to: &fields)
        return Reply(Response(status: 204, fields: fields))
    }

    /// 200 with a body that is not JSON: the upload page and the objects of development mode.
    package static func content(_ body: [UInt8], contentType: String, context: ReplyContext) -> Reply {
        Reply(Response(status: 200, fields: context.commonFields(contentType: contentType), body: body))
    }

    /// RFC 6750 § 3: without a token no error code, with a wrong one `invalid_token`.
    private static func challenge(for refusal: Refusal) -> String {
        switch refusal {
        case .tokenExpired:
            "Bearer realm=\"sluice\", error=\"invalid_token\", error_description=\"The token has expired\""
        case .tokenInvalid:
            "Bearer realm=\"sluice\", error=\"invalid_token\", error_description=\"The token is not valid\""
        default: "Bearer realm=\"sluice\""
        }
    }
}
