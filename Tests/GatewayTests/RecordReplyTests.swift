import HTTPWire
import Testing

@testable import Gateway

/// The bodies as contract § 1 has them, byte by byte.
struct RecordReplyTests {
    // 2025-11-14T10:00:00.123Z
    private let context = ReplyContext(requestID: "r", nowMilliseconds: 1_763_114_400_123, corsFields: [])

    private func record(
        registered: Int64? = nil, expires: Int64? = nil, filename: String? = "test.jpg"
    ) -> ImageRecord {
        ImageRecord(
            imageID: 123, key: "users/1/images/5-u.jpeg", owner: "1", contentType: "image/jpeg", filename: filename,
            fileBytes: 1_234_567, state: .stored, uploaded: 1_763_114_399_001, registered: registered, registrant: nil,
            expires: expires)
    }

    private func body(_ reply: Reply) -> String { String(decoding: reply.response.body, as: UTF8.self) }

    @Test func `a registration's times have neither zone nor milliseconds`() {
        let reply = Reply.registered(record(registered: 1_763_114_399_999), imageURL: "https://h/k", context: context)
        #expect(reply.response.status == 201)
        #expect(reply.refusal == nil)
        #expect(
            body(reply) == #"{"message":"register_image_metadata_success","data":{"imageId":123,"#
                + #""imageUrl":"https://h/k","fileSize":1234567,"originalFilename":"test.jpg","#
                + #""createdAt":"2025-11-14T09:59:59"},"timestamp":"2025-11-14T10:00:00"}"#)
    }

    @Test func `an image's times have both`() {
        let reply = Reply.image(record(expires: 1_763_114_400_000), imageURL: "https://h/k", context: context)
        #expect(reply.response.status == 200)
        #expect(
            body(reply) == #"{"message":"get_image_success","data":{"imageId":123,"imageUrl":"https://h/k","#
                + #""fileSize":1234567,"contentType":"image/jpeg","originalFilename":"test.jpg","#
                + #""uploadedAt":"2025-11-14T09:59:59.001Z","registeredAt":null,"#
                + #""expiresAt":"2025-11-14T10:00:00.000Z"},"#
                + #""timestamp":"2025-11-14T10:00:00.123Z"}"#)
    }

    @Test func `an image without a name has the last segment of its key`() {
        let reply = Reply.image(record(registered: 0, filename: nil), imageURL: "u", context: context)
        #expect(body(reply).contains(#""originalFilename":"5-u.jpeg""#))
        #expect(body(reply).contains(#""registeredAt":"1970-01-01T00:00:00.000Z","expiresAt":null"#))
    }

    @Test func `a guest's token comes with its lifetime`() {
        let reply = Reply.guestToken("a.b.c", expiresInSeconds: 300, context: context)
        #expect(reply.response.status == 200)
        #expect(
            body(reply) == #"{"message":"issue_guest_token_success","data":{"guestToken":"a.b.c","expiresIn":300},"#
                + #""timestamp":"2025-11-14T10:00:00.123Z"}"#)
    }

    @Test func `a second registration names the first one's image`() {
        let reply = Reply.refused(.imageAlreadyRegistered, imageID: 123, context: context)
        #expect(reply.response.status == 409)
        #expect(
            body(reply).hasPrefix(
                #"{"message":"image_already_registered","error":"IMAGE_ALREADY_REGISTERED","code":"IMAGE-006","#
                    + #""detail":""#))
        #expect(body(reply).hasSuffix(#","data":{"imageId":123},"timestamp":"2025-11-14T10:00:00.123Z"}"#))
    }
}
