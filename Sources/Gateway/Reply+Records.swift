internal import Bytes
internal import HTTPWire
internal import JSONWire

extension Reply {
    /// 201 of `POST /images/metadata`. Its times are those of the replaced backend: UTC, to the second, no zone.
    package static func registered(_ record: ImageRecord, imageURL: String, context: ReplyContext) -> Reply {
        let now = context.nowMilliseconds
        let registered = CivilTime(millisecondsSinceEpoch: record.registered ?? now).iso8601WithoutZone
        return answer(201, "register_image_metadata_success", context) { json in
            json.member("imageId", record.imageID)
            json.member("imageUrl", imageURL)
            json.member("fileSize", record.fileBytes)
            json.member("originalFilename", record.displayName)
            json.member("createdAt", registered)
        } timestamp: {
            CivilTime(millisecondsSinceEpoch: now).iso8601WithoutZone
        }
    }

    /// 200 of `GET /images/{imageId}`.
    package static func image(_ record: ImageRecord, imageURL: String, context: ReplyContext) -> Reply {
        answer(200, "get_image_success", context) { json in
            json.member("imageId", record.imageID)
            json.member("imageUrl", imageURL)
            json.member("fileSize", record.fileBytes)
            json.member("contentType", record.contentType)
            json.member("originalFilename", record.displayName)
            json.member("uploadedAt", text(record.uploaded))
            json.member("registeredAt", record.registered.map(text))
            json.member("expiresAt", record.expires.map(text))
        } timestamp: {
            text(context.nowMilliseconds)
        }
    }

    /// 200 of `GET /auth/guest-token`.
    package static func guestToken(_ token: String, expiresInSeconds: Int64, context: ReplyContext) -> Reply {
        answer(200, "issue_guest_token_success", context) { json in
            json.member("guestToken", token)
            json.member("expiresIn", expiresInSeconds)
        } timestamp: {
            text(context.nowMilliseconds)
        }
    }

    private static func answer(
        _ status: Int, _ message: String, _ context: ReplyContext, data: (inout JSONWriter) -> Void,
        timestamp: () -> String
    ) -> Reply {
        var json = JSONWriter(capacityBytes: 512)
        json.beginObject()
        json.member("message", message)
        json.name("data")
        json.beginObject()
        data(&json)
        json.endObject()
        json.member("timestamp", timestamp())
        json.endObject()
        return Reply(
            Response(status: status, fields: context.commonFields(contentType: "application/json"), body: json.bytes))
    }

    private static func text(_ milliseconds: Int64) -> String {
        CivilTime(millisecondsSinceEpoch: milliseconds).iso8601
    }
}
