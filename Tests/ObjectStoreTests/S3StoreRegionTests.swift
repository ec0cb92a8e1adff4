import ObjectStore
import StoreStates
import TestSupport
import Testing

/// A bucket that is in another region than the settings say.
@Suite struct S3StoreRegionTests {
    /// Serves what is signed for `right`; the rest is answered by `redirect`.
    private static func server(
        _ fake: FakeS3, right: String, _ redirect: @escaping @Sendable (ScriptedRequest) -> ScriptedReply
    ) throws -> ScriptedServer {
        try ScriptedServer(replying: { request in
            let isRight = request.field("authorization")?.contains("/\(right)/s3/aws4_request") == true
            return isRight ? fake.reply(request) : redirect(request)
        })
    }

    private static func malformed(_ region: String) -> ScriptedReply {
        .answer(
            400, [],
            "<Error><Code>AuthorizationHeaderMalformed</Code><Message>x</Message><Region>\(region)</Region></Error>")
    }

    private static func redirect(_ status: Int) -> ScriptedReply {
        .answer(
            status, [("x-amz-bucket-region", "eu-central-1"), ("Location", "http://127.0.0.1:1/elsewhere")],
            "<Error><Code>PermanentRedirect</Code><Endpoint>127.0.0.1:1</Endpoint></Error>")
    }

    @Test(arguments: [malformed("eu-central-1"), redirect(301), redirect(307)])
    func `it is followed once and remembered`(answer: ScriptedReply) throws {
        let fake = FakeS3()
        let server = try Self.server(fake, right: "eu-central-1") { _ in answer }
        let bench = try S3StoreTests.Bench(fake, server: server)
        let witness = StoreWitness()
        bench.store.observer = witness
        #expect(bench.upload([[1], [2]]).events.last == .completed)
        #expect(bench.upload([[3]]).events.last == .completed)
        #expect(witness.regions == ["eu-central-1"])
        // One request went astray, and was made again.
        #expect(server.requests.count == fake.steps.count + 1)
        #expect(witness.repeated == 0)
    }

    @Test(arguments: [S3Payload.unsigned, .signed])
    func `a part that went astray is sent again from its first byte`(payload: S3Payload) throws {
        let fake = FakeS3()
        // The bucket has moved after the Create.
        let server = try ScriptedServer(replying: { request in
            let isOld = request.field("authorization")?.contains("/us-east-1/") == true
            return isOld && request.method == "PUT" ? Self.redirect(307) : fake.reply(request)
        })
        let bench = try S3StoreTests.Bench(fake, payload: payload, server: server)
        let body = TestBody.pattern(200_001)
        #expect(bench.upload([body]).events.last == .completed)
        let bytes = try #require(fake.objects[S3StoreTests.path]?.bytes)
        #expect((payload == .signed ? S3StoreTests.unchunked(bytes, parts: 1) : bytes) == body)
    }

    @Test func `a whole object whose bytes are gone teaches the region all the same`() throws {
        let fake = FakeS3()
        let server = try Self.server(fake, right: "eu-central-1") { _ in Self.redirect(301) }
        let bench = try S3StoreTests.Bench(fake, server: server)
        let witness = StoreWitness()
        bench.store.observer = witness
        let body = TestBody.pattern(200_001)
        let owner = try S3PutTests.put(bench, body, isRewindable: false)
        #expect(owner.failures.first?.kind == .refused)
        #expect(owner.events.last == .aborted)
        #expect(witness.regions == ["eu-central-1"])
        #expect(try S3PutTests.put(bench, body, isRewindable: false).events == [.completed])
    }

    @Test func `one that sends from region to region is not followed about`() throws {
        let fake = FakeS3()
        let server = try ScriptedServer(replying: { request in
            let isFirst = request.field("authorization")?.contains("/eu-west-1/") == true
            return Self.malformed(isFirst ? "eu-west-2" : "eu-west-1")
        })
        let bench = try S3StoreTests.Bench(fake, server: server)
        let witness = StoreWitness()
        bench.store.observer = witness
        let owner = bench.upload([[1]])
        #expect(owner.failures.first?.kind == .refused)
        #expect(owner.failures.first?.detail.contains("AWS_REGION") == true)
        #expect(server.requests.count == 2)
        // Nor is it by those that come after: one request each, and no further word.
        for _ in 0..<5 { #expect(bench.upload([[1]]).failures.first?.kind == .refused) }
        #expect(server.requests.count == 7)
        #expect(witness.regions == ["eu-west-1"])
    }

    @Test(arguments: ["evil.example", "a/b", "", "x y"])
    func `what is no region is not believed, and nobody else is asked`(region: String) throws {
        let fake = FakeS3()
        let server = try Self.server(fake, right: region) { _ in Self.malformed(region) }
        let bench = try S3StoreTests.Bench(fake, server: server)
        let owner = bench.upload([[1]])
        #expect(owner.failures.first?.kind == .refused)
        #expect(server.requests.count == 1)
        #expect(server.requests.allSatisfy { $0.field("host") == "127.0.0.1:\(server.port)" })
    }
}
