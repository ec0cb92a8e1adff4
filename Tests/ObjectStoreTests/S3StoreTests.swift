import Bytes
import HTTPClient
import Linux
import ObjectStore
import Reactor
import SigV4
import StoreStates
import TestSupport
import Testing

@Suite struct S3StoreTests {
    /// A store on its loop beside a fake bucket.
    final class Bench: LoopBench {
        let fake: FakeS3
        let server: ScriptedServer
        let client: HTTPClient
        let store: S3Store

        init(
            _ fake: FakeS3 = FakeS3(), payload: S3Payload = .unsigned, partStall: Int64 = 30_000,
            server: ScriptedServer? = nil, profile: S3Profile? = nil,
            dice: Dice? = nil, configure: (inout S3Configuration) -> Void = { _ in }
        ) throws {
            self.fake = fake
            self.server = try server ?? fake.makeServer()
            let loop = try EventLoop()
            client = try LoopHTTPDriver.makeClient(on: loop, configuration: HTTPClientConfiguration())
            var configuration = try S3Configuration(
                bucket: "bucket", region: "us-east-1", endpoint: self.server.url, payload: payload,
                profile: profile)
            configuration.retry.baseMilliseconds = 1
            configuration.retry.capMilliseconds = 8
            configuration.retry.lateCreateMilliseconds = 30
            configuration.retry.abortConfirmMilliseconds = 1
            configuration.retry.putRecheckMilliseconds = 20
            configuration.retry.parkMilliseconds = 5
            configuration.breaker.openMilliseconds = 5
            configuration.breaker.openMillisecondsMax = 20
            configuration.partStallMilliseconds = partStall
            configure(&configuration)
            if let dice {
                store = S3Store(configuration: configuration, loop: loop, client: client, jitter: dice.roll)
            } else {
                store = S3Store(configuration: configuration, loop: loop, client: client)
            }
            store.credentials = Credentials(accessKeyID: "AK", secretAccessKey: "SK")
            super.init(loop: loop)
        }

        deinit {
            client.close()
            server.stop()
        }

        func begin(_ owner: Owner, key: String = "users/1/images/a b+é.png") -> any StoreUpload {
            store.begin(key: key, contentType: "image/png", recordToken: "token-1", delegate: owner)
        }

        /// Walks a whole upload and waits for its end.
        func upload(_ bodies: [[UInt8]]) -> Owner {
            let owner = Owner()
            let upload = begin(owner)
            upload.walk(bodies, owner: owner)
            #expect(run { owner.isOver })
            return owner
        }

        /// Opens an upload, takes it back, and waits for its end.
        func openAndAbort() -> Owner {
            let owner = Owner()
            let upload = begin(owner)
            upload.create()
            #expect(run { owner.events.count == 1 })
            upload.abort()
            #expect(run { owner.isOver })
            return owner
        }
    }

    static let path = "/bucket/users/1/images/a%20b%2B%C3%A9.png"

    @Test(arguments: [S3Payload.unsigned, .signed]) func `stores what was sent, in parts`(payload: S3Payload) throws {
        let bench = try Bench(payload: payload)
        let bodies = [TestBody.pattern(200_001), TestBody.pattern(8_192), TestBody.pattern(1)]
        let owner = bench.upload(bodies)
        #expect(owner.events.count == 5)
        #expect(owner.events.first == .created(uploadID: "upload+/1"))
        #expect(owner.parts.map(\.etag) == ["\"etag-1\"", "\"etag-2\"", "\"etag-3\""])
        #expect(owner.events.last == .completed)
        #expect(bench.fake.uploadCount == 0)
        #expect(bench.store.openCount == 0)
        let object = try #require(bench.fake.objects[Self.path])
        #expect(object.token == "token-1")
        let stored = payload == .unsigned ? object.bytes : Self.unchunked(object.bytes, parts: bodies.count)
        #expect(stored == bodies.flatMap { $0 })
        let requests = bench.server.requests
        #expect(requests[0].target == Self.path + "?uploads=")
        #expect(requests[0].field("content-type") == "image/png")
        #expect(requests[1].target == Self.path + "?partNumber=1&uploadId=upload%2B%2F1")
        let scheme = "AWS4-HMAC-SHA256 Credential=AK/"
        #expect(requests.allSatisfy { $0.field("authorization")?.hasPrefix(scheme) == true })
        #expect(requests[1].field("expect") == nil)
        if payload == .signed {
            #expect(requests[1].field("x-amz-content-sha256") == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD")
            #expect(requests[1].field("content-encoding") == "aws-chunked")
            #expect(requests[1].field("x-amz-decoded-content-length") == "200001")
        } else {
            #expect(requests[1].field("x-amz-content-sha256") == "UNSIGNED-PAYLOAD")
            #expect(requests[1].field("content-length") == "200001")
        }
    }

    /// The bytes in the chunks of `parts` aws-chunked bodies, one after the other; nil where the framing is wrong. All
    /// chunks of a part but its last two (the last one may be shorter, the end is empty) have `chunkBytes`.
    static func unchunked(_ encoded: [UInt8], parts: Int, chunkBytes: Int = 8_192) -> [UInt8]? {
        var output: [UInt8] = []
        var offset = 0
        var ends = 0
        var previous = chunkBytes
        while offset < encoded.count {
            guard let lineEnd = encoded[offset...].firstIndex(of: 0x0D) else { return nil }
            let line = String(decoding: encoded[offset..<lineEnd], as: UTF8.self).split(separator: ";")
            guard line.count == 2, let count = Int(line[0], radix: 16), line[1].hasPrefix("chunk-signature="),
                line[1].utf8.count == 16 + 64, count == 0 || previous == chunkBytes
            else { return nil }
            let start = lineEnd + 2
            guard start + count + 2 <= encoded.count, encoded[start + count] == 0x0D else { return nil }
            output += encoded[start..<start + count]
            offset = start + count + 2
            if count == 0 { ends += 1 }
            previous = count == 0 ? chunkBytes : count
        }
        return ends == parts ? output : nil
    }

    /// Of what is still to come a chunk is short, since the store gets nothing of it before it is all there.
    @Test func `signed chunks are long where all bytes are there, in memory or on a disk`() throws {
        let bytes = TestBody.pattern(150_000)
        for (isReady, isOnDisk) in [(true, false), (false, true), (false, false)] {
            let bench = try Bench(payload: .signed)
            let owner = Owner()
            let upload = try S3PutTests.begin(bench, owner)
            let body = TestBody(bytes)
            body.tellsReady = isReady
            body.isOnDisk = isOnDisk
            upload.put(length: Int64(bytes.count), body: body)
            #expect(bench.run { owner.isOver })
            let object = try #require(bench.fake.objects[Self.path])
            let chunkBytes = isReady || isOnDisk ? 65_536 : 8_192
            #expect(Self.unchunked(object.bytes, parts: 1, chunkBytes: chunkBytes) == bytes)
        }
    }

    @Test func `an upload on a warm connection opens no other`() throws {
        let bench = try Bench()
        for _ in 0..<20 { #expect(bench.upload([[1, 2, 3]]).events.last == .completed) }
        #expect(bench.server.acceptedCount == 1)
    }

    @Test(arguments: [S3Payload.unsigned, .signed]) func `a part waits for its source`(payload: S3Payload) throws {
        let bench = try Bench(payload: payload)
        let owner = Owner()
        let upload = bench.begin(owner)
        upload.create()
        #expect(bench.run { owner.events.count == 1 })
        let body = TestBody(isOver: false)
        upload.openPart(number: 1, length: 100_000, body: body)
        for _ in 0..<10 {
            bench.settle(turns: 2)
            body.bytes += TestBody.pattern(10_000)
            upload.bodyAvailable()
        }
        #expect(bench.run { owner.parts.count == 1 })
        upload.complete(parts: owner.parts)
        #expect(bench.run { owner.isOver })
        #expect(owner.events.last == .completed)
        if payload == .unsigned { #expect(bench.fake.objects[Self.path]?.bytes == body.bytes) }
    }

    @Test func `no call is answered from inside`() throws {
        let bench = try Bench()
        let owner = Owner()
        let upload = bench.begin(owner)
        var isCalling = false
        func call(_ body: () -> Void) {
            isCalling = true
            body()
            isCalling = false
        }
        owner.onEvent = { _, _ in #expect(!isCalling) }
        // Out of order, without credentials, and twice: the answers that are known at once.
        call { upload.openPart(number: 1, length: 1, body: TestBody([1])) }
        bench.store.credentials = nil
        call { upload.create() }
        #expect(bench.run { owner.failures.count == 2 })
        #expect(owner.failures[0].kind == .clientSide)
        #expect(owner.failures[1].kind == .unavailable)
        #expect(bench.store.admission() != .admitted)
        call { upload.abort() }
        call { upload.abort() }
        #expect(bench.run { owner.isOver })
        bench.settle()
        #expect(owner.events.count == 3)
        #expect(owner.events.last == .aborted)
        #expect(bench.store.openCount == 0)
        #expect(bench.server.requests.isEmpty)
    }

    @Test func `a refusal says what the operator can do, and the store is no less asked for it`() throws {
        let bench = try Bench(FakeS3 { step, _ in
            step == "create" ? .instead(FakeS3.error(403, "SignatureDoesNotMatch")) : nil
        })
        let owner = bench.upload([[1]])
        let failure = try #require(owner.failures.first)
        #expect(failure.kind == .refused)
        #expect(failure.code == "SignatureDoesNotMatch")
        #expect(failure.detail.contains("AWS_SECRET_ACCESS_KEY"))
        #expect(!failure.detail.contains("\n"))
        #expect(owner.events.last == .aborted)
        #expect(bench.store.admission() == .admitted)
        #expect(bench.fake.steps == ["create"])
    }

    @Test func `an overloaded store is asked again at every step`() throws {
        let bench = try Bench(FakeS3 { _, count in count == 1 ? .instead(FakeS3.error(503, "SlowDown")) : nil })
        let owner = bench.upload([[1, 2, 3]])
        #expect(owner.events.last == .completed)
        #expect(bench.fake.steps == ["create", "create", "part", "part", "complete", "complete"])
        #expect(bench.fake.objects[Self.path]?.bytes == [1, 2, 3])
    }

    @Test func `a 200 that carries an error is one`() throws {
        let bench = try Bench(FakeS3 { step, count in
            step == "complete" && count == 1 ? .instead(FakeS3.error(200, "InternalError")) : nil
        })
        #expect(bench.upload([[1]]).events.last == .completed)
        #expect(bench.fake.steps == ["create", "part", "complete", "complete"])
        let refusing = try Bench(FakeS3 { step, _ in
            step == "complete" ? .instead(FakeS3.error(200, "InvalidPart")) : nil
        })
        let owner = refusing.upload([[1]])
        #expect(owner.failures.first?.kind == .refused)
        #expect(owner.events.last == .aborted)
        #expect(refusing.fake.uploadCount == 0)
    }

    @Test func `a Complete whose answer was lost is found to have won`() throws {
        for reply in [ScriptedReply.close, .reset, .answer(200, [], ""), FakeS3.error(500, "InternalError")] {
            let bench = try Bench(FakeS3 { step, count in
                step == "complete" && count == 1 ? .after(reply) : nil
            })
            let owner = bench.upload([[1, 2]])
            #expect(owner.events.last == .completed)
            #expect(owner.failures.isEmpty)
            #expect(bench.fake.steps.suffix(2) == ["complete", "head"])
        }
    }

    @Test func `a Complete that never answers is aborted first and then looked for`() throws {
        let bench = try Bench(FakeS3 { step, _ in step == "complete" ? .instead(.reset) : nil })
        let owner = bench.upload([[1, 2]])
        #expect(owner.failures.first?.step == .complete)
        #expect(owner.failures.first?.kind == .unavailable)
        #expect(owner.events.last == .aborted)
        #expect(bench.fake.uploadCount == 0)
        #expect(bench.fake.steps.suffix(2) == ["abort", "head"])
    }

    @Test func `a Create whose answer was lost is searched for and aborted`() throws {
        let bench = try Bench(FakeS3 { step, count in step == "create" ? .after(.reset) : nil })
        let owner = bench.upload([[1]])
        #expect(owner.failures.first?.kind == .ambiguous)
        #expect(owner.events.last == .aborted)
        #expect(bench.fake.steps == ["create", "search", "abort"])
        #expect(bench.fake.uploadCount == 0)
    }

    @Test func `an abort insists until the upload is gone`() throws {
        let bench = try Bench(FakeS3 { step, count in
            guard step == "abort" else { return nil }
            return switch count {
            case 1: .instead(FakeS3.error(503, "SlowDown"))
            case 2: .instead(.reset)
            case 3: .instead(FakeS3.error(403, "AccessDenied"))
            default: nil
            }
        })
        let owner = Owner()
        let upload = bench.begin(owner)
        upload.create()
        #expect(bench.run { owner.events.count == 1 })
        let body = TestBody([1], isOver: false)
        upload.openPart(number: 1, length: 1_000, body: body)
        #expect(bench.run { body.offset == 1 })
        upload.abort()
        #expect(bench.run { owner.isOver })
        #expect(owner.events.last == .aborted)
        #expect(bench.fake.uploadCount == 0)
        // One more: a part was under way.
        #expect(bench.fake.steps.count { $0 == "abort" } == 5)
        #expect(bench.client.transferCount == 0)
    }

    @Test func `a part that was lost is sent again from its first byte`() throws {
        let fake = FakeS3 { step, count in step == "part" && count < 3 ? .instead(.reset) : nil }
        let bench = try Bench(fake, payload: .signed)
        let owner = Owner()
        let upload = bench.begin(owner)
        let body = TestBody(TestBody.pattern(150_000))
        owner.onEvent = { upload, event in
            switch event {
            case .created: upload.openPart(number: 1, length: 150_000, body: body)
            case .partStored(let part): upload.complete(parts: [part])
            default: break
            }
        }
        upload.create()
        #expect(bench.run { owner.isOver })
        #expect(owner.events.last == .completed)
        #expect(body.rewinds >= 2)
    }

    @Test func `a source that fails is the client's doing`() throws {
        for isOver in [true, false] {
            let bench = try Bench()
            let owner = Owner()
            let upload = bench.begin(owner)
            upload.create()
            #expect(bench.run { owner.events.count == 1 })
            let body = TestBody([1, 2], isOver: isOver)
            upload.openPart(number: 1, length: 10, body: body)
            if !isOver {
                #expect(bench.run { body.offset == 2 })
                body.fails = true
                upload.bodyAvailable()
            }
            #expect(bench.run { !owner.failures.isEmpty })
            #expect(owner.failures.first?.kind == .clientSide)
            upload.abort()
            #expect(bench.run { owner.isOver })
            #expect(bench.fake.uploadCount == 0)
        }
    }

    @Test func `aborted at whatever turn, nothing is left in the store`() throws {
        let bench = try Bench()
        for turns in 0..<40 {
            let owner = Owner()
            let upload = bench.begin(owner, key: "k\(turns)")
            upload.walk([TestBody.pattern(30_000), [2]], owner: owner)
            for _ in 0..<turns where !owner.isOver { bench.loop.turn(timeoutMilliseconds: 1) }
            upload.abort()
            #expect(bench.run { owner.isOver })
            #expect(owner.events.last == (bench.fake.objects["/bucket/k\(turns)"] == nil ? .aborted : .completed))
            #expect(bench.fake.uploadCount == 0)
            #expect(bench.store.openCount == 0)
        }
    }

    @Test func `a source that has no bytes is waited for`() throws {
        let bench = try Bench(partStall: 1)
        let owner = Owner()
        let upload = bench.begin(owner)
        upload.create()
        #expect(bench.run { owner.events.count == 1 })
        let body = TestBody([1], isOver: false)
        upload.openPart(number: 1, length: 5, body: body)
        #expect(bench.run { body.offset == 1 })
        for _ in 0..<5 {
            bench.settle()
            bench.store.checkProgress()
        }
        #expect(owner.failures.isEmpty)
        body.bytes += [2, 3, 4, 5]
        upload.bodyAvailable()
        #expect(bench.run { owner.parts.count == 1 })
        upload.abort()
        #expect(bench.run { owner.isOver })
        #expect(body.rewinds == 0)
    }

    @Test func `a store that does not answer a part is asked again`() throws {
        let fake = FakeS3 { step, count in step == "part" && count == 1 ? .instead(.hang) : nil }
        let bench = try Bench(fake, partStall: 1)
        let owner = Owner()
        let upload = bench.begin(owner)
        upload.walk([TestBody.pattern(100_000)], owner: owner)
        #expect(bench.run { bench.fake.steps.last == "part" })
        #expect(bench.run {
            bench.store.checkProgress()
            return bench.client.transferCount == 0
        })
        #expect(bench.run { owner.isOver })
        #expect(owner.events.last == .completed)
        #expect(bench.fake.steps == ["create", "part", "part", "complete"])
    }
}
