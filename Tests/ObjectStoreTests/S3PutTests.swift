import HTTPClient
import ObjectStore
import Reactor
import StoreStates
import TestSupport
import Testing

/// Objects in one request, over a loop and sockets.
@Suite struct S3PutTests {
    typealias Bench = S3StoreTests.Bench

    static func begin(_ bench: Bench, _ owner: Owner) throws -> any StorePut {
        let key = "users/1/images/a b+é.png"
        return try #require(
            bench.store.beginPut(key: key, contentType: "image/png", recordToken: "token-1", delegate: owner))
    }

    /// Puts the bytes, and takes the upload back where that fails.
    static func put(_ bench: Bench, _ bytes: [UInt8], isRewindable: Bool = true) throws -> Owner {
        let owner = Owner()
        let upload = try begin(bench, owner)
        owner.onEvent = { _, event in
            if case .failed(let failure) = event, failure.step != .abort { upload.abort() }
        }
        let body = TestBody(bytes)
        body.isRewindable = isRewindable
        upload.put(length: Int64(bytes.count), body: body)
        #expect(bench.run { owner.isOver })
        return owner
    }

    @Test(arguments: [S3Payload.unsigned, .signed], [1, 10_000, 300_000])
    func `stores what was sent with one request`(payload: S3Payload, length: Int) throws {
        let bench = try Bench(payload: payload)
        let bytes = TestBody.pattern(length)
        #expect(try Self.put(bench, bytes).events == [.completed])
        #expect(bench.fake.steps == ["put"])
        let object = try #require(bench.fake.objects[S3StoreTests.path])
        #expect(object.token == "token-1")
        #expect((payload == .unsigned ? object.bytes : S3StoreTests.unchunked(object.bytes, parts: 1)) == bytes)
        let request = try #require(bench.server.requests.first)
        #expect(request.target == S3StoreTests.path)
        #expect(request.field("content-type") == "image/png")
        if payload == .signed {
            // It would be kept with the object; Amazon's own does not.
            #expect(request.field("content-encoding") == nil)
            #expect(request.field("x-amz-content-sha256") == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
            #expect(request.field("x-amz-decoded-content-length") == "\(length)")
        } else {
            #expect(request.field("content-length") == "\(length)")
        }
        #expect(bench.store.openCount == 0)
    }

    @Test func `Amazon's own is told the encoding of the request`() throws {
        let bench = try Bench(payload: .signed, profile: .aws)
        #expect(try Self.put(bench, [1, 2, 3]).events == [.completed])
        #expect(bench.server.requests.first?.field("content-encoding") == "aws-chunked")
    }

    /// The driver counts on it: a body whose end is withheld is no object.
    @Test(arguments: [S3Payload.unsigned, .signed])
    func `an object without its end is none`(payload: S3Payload) throws {
        let bench = try Bench(payload: payload)
        let owner = Owner()
        let upload = try Self.begin(bench, owner)
        let body = TestBody(TestBody.pattern(299_999), isOver: false)
        upload.put(length: 300_000, body: body)
        #expect(bench.run { body.offset == 299_999 })
        bench.settle()
        upload.abort()
        upload.abort()
        #expect(bench.run { owner.isOver })
        bench.settle()
        #expect(owner.events == [.aborted])
        #expect(bench.fake.objects.isEmpty)
        #expect(bench.fake.steps.isEmpty)
        #expect(bench.store.openCount == 0)
        #expect(bench.client.transferCount == 0)
    }

    @Test func `an overloaded store is sent the bytes again where they can be had`() throws {
        for isRewindable in [true, false] {
            let bench = try Bench(FakeS3 { _, count in count == 1 ? .instead(FakeS3.error(503, "SlowDown")) : nil })
            let owner = try Self.put(bench, TestBody.pattern(100_000), isRewindable: isRewindable)
            if isRewindable {
                #expect(owner.events == [.completed])
                #expect(bench.fake.steps == ["put", "put"])
            } else {
                #expect(owner.failures.first?.kind == .unavailable)
                #expect(owner.events.last == .aborted)
                #expect(bench.fake.steps == ["put"])
            }
        }
    }

    @Test func `a lost answer is settled by a look at the store`() throws {
        for reply in [ScriptedReply.reset, FakeS3.error(500, "InternalError")] {
            let bench = try Bench(FakeS3 { step, _ in step == "put" ? .after(reply) : nil })
            #expect(try Self.put(bench, TestBody.pattern(100_000), isRewindable: false).events == [.completed])
            #expect(bench.fake.steps == ["put", "head"])
        }
    }

    @Test func `an object of which nobody knows is looked for twice before it is called gone`() throws {
        let bench = try Bench(FakeS3 { step, _ in step == "put" ? .instead(.reset) : nil })
        let owner = try Self.put(bench, TestBody.pattern(100_000), isRewindable: false)
        #expect(owner.failures.first?.step == .put)
        #expect(owner.failures.first?.kind == .ambiguous)
        #expect(owner.events.last == .aborted)
        #expect(bench.fake.steps == ["put", "head", "head", "head", "head", "head"])
    }

    @Test func `an object that turns out to be there after the client was told otherwise is deleted`() throws {
        let bench = try Bench(FakeS3 { step, count in
            switch (step, count) {
            case ("put", _): .after(.reset)
            case ("head", 1...3): .instead(FakeS3.error(503, "SlowDown"))
            case ("delete", 1): .instead(.reset)
            default: nil
            }
        })
        let owner = try Self.put(bench, TestBody.pattern(100_000), isRewindable: false)
        #expect(owner.failures.first?.kind == .ambiguous)
        #expect(owner.events.last == .aborted)
        #expect(bench.fake.steps == ["put", "head", "head", "head", "head", "delete", "delete"])
        #expect(bench.fake.objects.isEmpty)
    }

    @Test func `an object is taken back after it was stored`() throws {
        let bench = try Bench()
        let owner = Owner()
        let upload = try Self.begin(bench, owner)
        upload.put(length: 3, body: TestBody([1, 2, 3]))
        #expect(bench.run { owner.events == [.completed] })
        #expect(bench.store.openCount == 0)
        upload.abort()
        #expect(bench.run { owner.events.last == .aborted })
        #expect(bench.fake.steps == ["put", "delete"])
        #expect(bench.fake.objects.isEmpty)
        #expect(bench.store.openCount == 0)
    }

    @Test func `an upload that is left asks and tells nothing more`() throws {
        let bench = try Bench(FakeS3 { step, _ in step == "put" ? .instead(.hang) : nil })
        let owner = Owner()
        let upload = try Self.begin(bench, owner)
        upload.put(length: 3, body: TestBody([1, 2, 3]))
        #expect(bench.run { bench.fake.steps == ["put"] })
        upload.leave()
        upload.abort()
        bench.settle()
        #expect(owner.events.isEmpty)
        #expect(bench.fake.steps == ["put"])
        #expect(bench.store.openCount == 0)
        #expect(bench.client.transferCount == 0)
    }

    @Test func `aborted at whatever turn, the store has what the last event says`() throws {
        let bench = try Bench()
        for turns in 0..<30 {
            let owner = Owner()
            let key = "k\(turns)"
            let upload = try #require(
                bench.store.beginPut(key: key, contentType: "image/png", recordToken: "t", delegate: owner))
            upload.put(length: 100_000, body: TestBody(TestBody.pattern(100_000)))
            for _ in 0..<turns { bench.loop.turn(timeoutMilliseconds: 1) }
            upload.abort()
            #expect(bench.run { owner.events.last == .aborted })
            #expect(bench.fake.objects["/bucket/\(key)"] == nil)
            #expect(bench.store.openCount == 0)
        }
    }
}
