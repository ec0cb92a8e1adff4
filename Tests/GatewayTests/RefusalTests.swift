import HTTPWire
import Testing

@testable import Gateway

struct RefusalTests {
    private let context = ReplyContext(requestID: "r", nowMilliseconds: 0, corsFields: [])

    private func field(_ name: String, of reply: Reply) -> [String] {
        reply.response.fields.filter { $0.name == name }.map(\.value)
    }

    @Test func `too many requests is refused in API Gateway's words, with the time to wait`() {
        let reply = Reply.refused(.tooManyRequests, retryAfterSeconds: 17, context: context)
        #expect(reply.response.status == 429)
        #expect(field("Retry-After", of: reply) == ["17"])
        let body = String(decoding: reply.response.body, as: UTF8.self)
        #expect(
            body.hasPrefix(
                #"{"message":"Too Many Requests","error":"TOO_MANY_REQUESTS","code":"COMMON-429","detail":""#))
        #expect(reply.refusal == .tooManyRequests)
    }

    @Test func `the table's own time to wait stands where nothing better is known`() {
        #expect(field("Retry-After", of: .refused(.tooManyRequests, context: context)) == ["1"])
        #expect(field("Retry-After", of: .refused(.storeUnavailable, context: context)) == ["5"])
        #expect(field("Retry-After", of: .refused(.storeUnavailable, retryAfterSeconds: 9, context: context)) == ["9"])
        #expect(field("Retry-After", of: .refused(.notFound, context: context)).isEmpty)
    }

    @Test func `every refusal has a row of its own`() {
        #expect(Set(Refusal.allCases.map(\.row.error)).count == Refusal.allCases.count)
        for refusal in Refusal.allCases {
            #expect((400 ... 599).contains(refusal.row.status))
            #expect(refusal.row.detail.hasSuffix("."))
        }
    }
}
