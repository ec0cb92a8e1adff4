import Bytes
import HTTPClient
import Linux
import ObjectStore
import Reactor
import SigV4
import StoreStates
import Testing

@Suite(.serialized, .enabled(if: Moto.isUsable, Comment(rawValue: Moto.skipMessage))) struct MotoTests {
    /// A store that speaks to moto, on a loop of its own.
    final class Bench: LoopBench {
        let client: HTTPClient
        let store: S3Store

        init(
            _ moto: Moto, payload: S3Payload = .auto, isSecure: Bool = false, credentials: Credentials? = nil
        ) throws {
            let loop = try EventLoop()
            var settings = HTTPClientConfiguration()
            if isSecure { settings.caBundlePath = moto.caBundle }
            client = try LoopHTTPDriver.makeClient(on: loop, configuration: settings)
            let configuration = try S3Configuration(
                bucket: "images", region: "us-east-1", endpoint: isSecure ? moto.secureEndpoint : moto.endpoint,
                payload: payload)
            store = S3Store(configuration: configuration, loop: loop, client: client)
            store.credentials =
                credentials ?? Credentials(accessKeyID: moto.accessKeyID, secretAccessKey: moto.secretAccessKey)
            super.init(loop: loop)
        }

        deinit { client.close() }

        func upload(_ bodies: [[UInt8]], key: String) -> Owner {
            let owner = Owner()
            store.begin(key: key, contentType: "image/png", recordToken: "token-1", delegate: owner)
                .walk(bodies, owner: owner)
            #expect(run(seconds: 60) { owner.isOver })
            return owner
        }

        func put(_ bytes: [UInt8], key: String) -> Owner {
            let owner = Owner()
            store.beginPut(key: key, contentType: "image/png", recordToken: "token-1", delegate: owner)?
                .put(length: Int64(bytes.count), body: TestBody(bytes))
            #expect(run(seconds: 60) { !owner.events.isEmpty })
            return owner
        }
    }

    @Test func `an object without its end is none to moto, and one that is taken back is gone`() throws {
        let moto = try Moto(bucket: "images")
        defer { moto.stop() }
        for payload in [S3Payload.unsigned, .signed] {
            let bench = try Bench(moto, payload: payload)
            let owner = Owner()
            let key = "users/1/images/\(payload).png"
            let upload = try #require(
                bench.store.beginPut(key: key, contentType: "image/png", recordToken: "t", delegate: owner))
            let body = TestBody(TestBody.pattern(199_999), isOver: false)
            upload.put(length: 200_000, body: body)
            #expect(bench.run { body.offset == 199_999 })
            bench.settle(turns: 20)
            upload.abort()
            #expect(bench.run { owner.events == [.aborted] })
            #expect(throws: (any Error).self) { _ = try moto.object("images", key) }
            let whole = Owner()
            let stored = try #require(
                bench.store.beginPut(key: key, contentType: "image/png", recordToken: "t", delegate: whole))
            stored.put(length: 9, body: TestBody(TestBody.pattern(9)))
            #expect(bench.run { whole.events == [.completed] })
            #expect(try moto.object("images", key) == TestBody.pattern(9))
            stored.abort()
            #expect(bench.run { whole.events.last == .aborted })
            #expect(throws: (any Error).self) { _ = try moto.object("images", key) }
        }
    }

    @Test func `moto accepts every signature, keeps every byte, and refuses a wrong key`() throws {
        let moto = try Moto(bucket: "images")
        defer { moto.stop() }
        let large = [TestBody.pattern(5 << 20), TestBody.pattern(100_001)]
        let role = moto.role
        let cases: [(name: String, bench: Bench, bodies: [[UInt8]])] = [
            ("unsigned", try Bench(moto, payload: .unsigned), [TestBody.pattern(10_000)]),
            ("unsigned-parts", try Bench(moto, payload: .unsigned), large),
            ("signed", try Bench(moto, payload: .signed), [TestBody.pattern(200_000)]),
            ("signed-parts", try Bench(moto, payload: .signed), large),
            ("summed", try Bench(moto, payload: .trailer), [TestBody.pattern(200_000)]),
            ("summed-parts", try Bench(moto, payload: .trailer), large),
            ("summed-tls", try Bench(moto, payload: .trailer, isSecure: true), large),
            ("one-byte", try Bench(moto), [[7]]),
            ("tls", try Bench(moto, isSecure: true), [TestBody.pattern(300_000)]),
            (
                "role",
                try Bench(
                    moto,
                    credentials: Credentials(
                        accessKeyID: role.id, secretAccessKey: role.secret, sessionToken: role.token)),
                [TestBody.pattern(70_000)]
            ),
        ]
        for (name, bench, bodies) in cases {
            let key = "users/1/images/\(name).png"
            let owner = bench.upload(bodies, key: key)
            #expect(owner.events.last == .completed, "\(name): \(owner.failures)")
            #expect(owner.parts.count == bodies.count)
            #expect(try moto.object("images", key) == bodies.flatMap { $0 }, "\(name)")
            let whole = bodies.flatMap { $0 }
            let put = bench.put(whole, key: key + "-put")
            #expect(put.events == [.completed], "\(name): \(put.failures)")
            #expect(try moto.object("images", key + "-put") == whole, "\(name)")
        }

        let wrong = try Bench(
            moto, credentials: Credentials(accessKeyID: moto.accessKeyID, secretAccessKey: "wrong"))
        let owner = wrong.upload([[1]], key: "users/1/images/wrong.png")
        #expect(owner.failures.first?.kind == .refused)
        #expect(owner.failures.first?.code == "SignatureDoesNotMatch")
        #expect(owner.events.last == .aborted)

        let small = try Bench(moto).upload([[1], [2]], key: "small")
        #expect(small.failures.first?.code == "EntityTooSmall")
        #expect(small.events.last == .aborted)
        #expect(try moto.uploadCount("images") == 0, "an upload is left")
    }

    @Test func `moto is left without an upload at whatever turn it is aborted`() throws {
        let moto = try Moto(bucket: "images")
        defer { moto.stop() }
        let bench = try Bench(moto)
        for turns in [0, 1, 2, 3, 4, 6, 8, 12, 16, 24] {
            let owner = Owner()
            let upload = bench.store.begin(
                key: "users/1/images/\(turns).png", contentType: "image/png", recordToken: "t", delegate: owner)
            upload.walk([TestBody.pattern(100_000)], owner: owner)
            for _ in 0..<turns where !owner.isOver { bench.loop.turn(timeoutMilliseconds: 20) }
            upload.abort()
            #expect(bench.run { owner.isOver })
        }
        #expect(try moto.uploadCount("images") == 0, "an upload is left")
    }

    @Test func `an untrusted certificate is a failure of the connection`() throws {
        let moto = try Moto(bucket: "images")
        defer { moto.stop() }
        let loop = try EventLoop()
        let client = try LoopHTTPDriver.makeClient(on: loop, configuration: HTTPClientConfiguration())
        defer { client.close() }
        var result: Result<HTTPResponse, HTTPFailure>?
        _ = client.start(HTTPRequest(.get, moto.secureEndpoint + "/images")) { result = $0 }
        let bench = LoopBench(loop: loop)
        #expect(bench.run { result != nil })
        guard case .failure(let failure)? = result else {
            Issue.record("\(String(describing: result))")
            return
        }
        #expect(failure.kind == .tls)
        #expect(!failure.requestSent)
    }
}
