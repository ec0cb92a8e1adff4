import Bytes
import Gateway
import HTTPClient
import Linux
import ObjectStore
import Reactor
import SigV4
import StoreStates
import TestSupport
import Testing

/// A keeper beside a store of uploads, both at one bucket.
final class KeeperBench: LoopBench {
    let client: HTTPClient
    let keeper: S3Keeper
    let store: S3Store
    private let cleanUp: () -> Void

    init(
        endpoint: String, credentials: Credentials, payload: S3Payload = .unsigned, bucket: String = "bucket",
        clock: @escaping () -> Int64 = Clock.wallMilliseconds, cleanUp: @escaping () -> Void = {}
    ) throws {
        let loop = try EventLoop()
        client = try LoopHTTPDriver.makeClient(on: loop, configuration: HTTPClientConfiguration())
        let configuration = try S3Configuration(
            bucket: bucket, region: "us-east-1", endpoint: endpoint, payload: payload)
        keeper = S3Keeper(configuration: configuration, loop: loop, client: client, clock: clock)
        store = S3Store(configuration: configuration, loop: loop, client: client)
        store.credentials = credentials
        keeper.credentials = credentials
        self.cleanUp = cleanUp
        super.init(loop: loop)
    }

    convenience init(_ fake: FakeS3) throws {
        let server = try fake.makeServer()
        try self.init(
            endpoint: server.url, credentials: Credentials(accessKeyID: "AK", secretAccessKey: "SK"),
            cleanUp: { server.stop() })
    }

    deinit {
        client.close()
        cleanUp()
    }

    /// Opens an upload, sends its parts, and leaves it at that. Returns its id.
    func leave(_ bodies: [[UInt8]], key: String, token: String = "token-1") throws -> String {
        let owner = Owner()
        let upload = store.begin(key: key, contentType: "image/png", recordToken: token, delegate: owner)
        owner.onEvent = { upload, event in
            switch event {
            case .created, .partStored:
                let number = owner.parts.count
                guard number < bodies.count else { return }
                upload.openPart(
                    number: number + 1, length: Int64(bodies[number].count), body: TestBody(bodies[number]))
            case .completed, .failed, .aborted: break
            }
        }
        upload.create()
        guard run(until: { owner.parts.count == bodies.count && !owner.events.isEmpty || !owner.failures.isEmpty }),
            case .created(let id) = owner.events.first, owner.failures.isEmpty
        else { throw MotoError(description: "\(owner.events)") }
        return id
    }

    func put(_ bytes: [UInt8], key: String, token: String = "token-1") {
        let owner = Owner()
        store.beginPut(key: key, contentType: "image/png", recordToken: token, delegate: owner)?
            .put(length: Int64(bytes.count), body: TestBody(bytes))
        #expect(run { owner.events == [.completed] })
    }

    func ask(
        _ phase: UploadLife.RecoveryPhase, key: String, uploadID: String? = nil, size: Int64? = nil,
        token: String = "token-1"
    ) -> KeeperAnswer? {
        var answer: KeeperAnswer?
        let subject = KeeperSubject(key: key, recordToken: token, uploadID: uploadID, size: size)
        keeper.perform(phase, for: subject) { answer = $0 }
        #expect(answer == nil)
        #expect(run { answer != nil })
        return answer
    }

    func leftovers(after marker: LeftoverMarker? = nil) -> LeftoverAnswer? {
        var answer: LeftoverAnswer?
        keeper.leftovers(after: marker) { answer = $0 }
        #expect(run { answer != nil })
        return answer
    }
}

@Suite struct S3KeeperTests {
    private static let key = "users/1/images/a b+é.png"
    /// The path that ``FakeS3`` keeps it under.
    private static let path = S3StoreTests.path

    @Test func `Complete goes on with the parts that the store has, their sums included`() throws {
        let fake = FakeS3()
        let bench = try KeeperBench(fake)
        let id = try bench.leave([[1, 2], [3], [4], [5], [6]], key: Self.key)
        #expect(bench.ask(.completing, key: Self.key, uploadID: id, size: 6) == KeeperAnswer(.done))
        #expect(fake.objects[Self.path] == FakeS3.Object(bytes: [1, 2, 3, 4, 5, 6], token: "token-1"))
        #expect(fake.steps.filter { $0 == "parts" }.count == 3)
        let document = try #require(fake.documents.first)
        for number in 1 ... 5 {
            #expect(document.contains("<PartNumber>\(number)</PartNumber><ETag>&quot;etag-\(number)&quot;</ETag>"))
            #expect(document.contains("<ChecksumCRC32C>sum-\(number)</ChecksumCRC32C>"))
        }
        #expect(bench.ask(.completing, key: Self.key, uploadID: id, size: 6)?.answer == .noSuchUpload)
    }

    @Test(arguments: [0, 5, 7] as [Int64]) func `what is not the whole body is never put together`(size: Int64) throws {
        let fake = FakeS3()
        let bench = try KeeperBench(fake)
        let id = try bench.leave(size == 0 ? [] : [[1, 2], [3, 4, 5, 6]], key: Self.key)
        #expect(bench.ask(.completing, key: Self.key, uploadID: id, size: size)?.answer == .refused)
        #expect(fake.objects.isEmpty && fake.uploadCount == 1 && fake.documents.isEmpty)
    }

    @Test func `what the record does not know is not asked for`() throws {
        let fake = FakeS3()
        let bench = try KeeperBench(fake)
        #expect(bench.ask(.completing, key: Self.key, uploadID: nil, size: 1)?.answer == .unknown)
        #expect(bench.ask(.completing, key: Self.key, uploadID: "x", size: nil)?.answer == .unknown)
        #expect(bench.ask(.aborting, key: Self.key)?.answer == .unknown)
        #expect(bench.ask(.givingUp, key: Self.key)?.answer == .unknown)
        #expect(fake.steps.isEmpty)
    }

    @Test(arguments: [
        ("InvalidPart", UploadLife.StoreAnswer.refused), ("InvalidPartOrder", .refused), ("EntityTooSmall", .refused),
        ("NoSuchUpload", .noSuchUpload), ("AccessDenied", .unknown), ("InternalError", .unknown),
        ("SlowDown", .unknown),
    ])
    func `only what can never succeed is refused`(code: String, expected: UploadLife.StoreAnswer) throws {
        for status in [200, 400, 503] {
            let fake = FakeS3 { step, _ in step == "complete" ? .instead(FakeS3.error(status, code)) : nil }
            let bench = try KeeperBench(fake)
            let id = try bench.leave([[1]], key: Self.key)
            #expect(bench.ask(.completing, key: Self.key, uploadID: id, size: 1)?.answer == expected)
        }
    }

    @Test(arguments: [UploadLife.RecoveryPhase.aborting, .givingUp])
    func `an abort is sent until the store denies the upload`(phase: UploadLife.RecoveryPhase) throws {
        let fake = FakeS3()
        let bench = try KeeperBench(fake)
        let id = try bench.leave([[1]], key: Self.key)
        #expect(bench.ask(phase, key: Self.key, uploadID: id) == KeeperAnswer(.done))
        #expect(fake.uploadCount == 0 && fake.steps.suffix(2) == ["abort", "abort"])
        #expect(bench.ask(phase, key: Self.key, uploadID: id) == KeeperAnswer(.noSuchUpload))
    }

    @Test func `an object is ours by its token, and to what is not taken back by its size too`() throws {
        let bench = try KeeperBench(FakeS3())
        let looks: [UploadLife.RecoveryPhase] = [.confirming, .deciding, .settlingPut, .settlingPutAgain]
        let back: [UploadLife.RecoveryPhase] = [.takingPutBack, .takingPutBackAgain]
        for phase in looks + back {
            #expect(bench.ask(phase, key: Self.key, size: 3) == KeeperAnswer(.notFound))
        }
        bench.put([1, 2, 3], key: Self.key)
        for phase in looks + back {
            #expect(bench.ask(phase, key: Self.key, size: 3) == KeeperAnswer(.foundOurs))
            #expect(bench.ask(phase, key: Self.key, size: 3, token: "other") == KeeperAnswer(.foundOther))
            let other = bench.ask(phase, key: Self.key, size: 4)
            #expect(other == KeeperAnswer(back.contains(phase) ? .foundOurs : .foundOther))
        }
    }

    @Test(arguments: [403, 500, 503, 301]) func `a look that is refused settles nothing`(status: Int) throws {
        let fake = FakeS3 { step, _ in step == "head" ? .instead(.raw("HTTP/1.1 \(status) No\r\n\r\n")) : nil }
        let bench = try KeeperBench(fake)
        let answer = bench.ask(.deciding, key: Self.key, size: 3)
        #expect(answer?.answer == .unknown)
        #expect(answer?.detail?.contains("\(status)") ?? false)
    }

    @Test func `deletes once and finds nothing then`() throws {
        let fake = FakeS3()
        let bench = try KeeperBench(fake)
        bench.put([1], key: Self.key)
        #expect(bench.ask(.deleting, key: Self.key) == KeeperAnswer(.done))
        #expect(bench.ask(.deletingPut, key: Self.key) == KeeperAnswer(.done))
        #expect(fake.objects.isEmpty)
    }

    @Test func `uploads of this key alone are found and aborted`() throws {
        let fake = FakeS3()
        let bench = try KeeperBench(fake)
        for phase in [UploadLife.RecoveryPhase.listing, .givingUpListing] {
            #expect(bench.ask(phase, key: Self.key) == KeeperAnswer(.listedNone))
        }
        for _ in 0 ..< 2 { _ = try bench.leave([], key: Self.key) }
        let other = try bench.leave([], key: Self.key + ".png")
        for phase in [UploadLife.RecoveryPhase.listing, .givingUpListing] {
            #expect(bench.ask(phase, key: Self.key) == KeeperAnswer(.listedSome))
        }
        #expect(bench.ask(.abortingListed, key: Self.key) == KeeperAnswer(.done))
        #expect(fake.uploadCount == 1)
        #expect(bench.ask(.listing, key: Self.key) == KeeperAnswer(.listedNone))
        #expect(bench.ask(.givingUpListed, key: Self.key) == KeeperAnswer(.done))
        #expect(bench.ask(.aborting, key: Self.key + ".png", uploadID: other) == KeeperAnswer(.done))
    }

    /// Some stores go on listing what they have aborted: the row would never be settled.
    @Test func `an upload that the row knows is none of those that are listed for it`() throws {
        let fake = FakeS3()
        let bench = try KeeperBench(fake)
        let id = try bench.leave([], key: Self.key)
        for phase in [UploadLife.RecoveryPhase.listing, .listingRest] {
            #expect(bench.ask(phase, key: Self.key, uploadID: id) == KeeperAnswer(.listedNone))
        }
        _ = try bench.leave([], key: Self.key)
        #expect(bench.ask(.listingRest, key: Self.key, uploadID: id) == KeeperAnswer(.listedSome))
        #expect(bench.ask(.abortingRest, key: Self.key, uploadID: id) == KeeperAnswer(.done))
        #expect(bench.ask(.listingRest, key: Self.key, uploadID: id) == KeeperAnswer(.listedNone))
        #expect(fake.uploadCount == 1)
    }

    @Test func `without credentials nothing is sent`() throws {
        let fake = FakeS3()
        let bench = try KeeperBench(fake)
        #expect(bench.keeper.obstacle == nil)
        bench.keeper.credentials = nil
        #expect(bench.keeper.obstacle != nil)
        #expect(bench.ask(.deleting, key: Self.key)?.answer == .unknown)
        #expect(fake.steps.isEmpty)
    }

    @Test func `expired credentials are reported, and settle nothing`() throws {
        let fake = FakeS3 { _, _ in .instead(FakeS3.error(400, "ExpiredToken")) }
        let bench = try KeeperBench(fake)
        var count = 0
        bench.keeper.onExpiredCredentials = { count += 1 }
        #expect(bench.ask(.aborting, key: Self.key, uploadID: "x")?.answer == .unknown)
        #expect(count == 1)
    }

    @Test func `a list says only what is called as ours is`() throws {
        let bench = try KeeperBench(FakeS3())
        let ours = "users/1/images/1700000000000-0b0e7e3a-93c1-4f7e-8a54-2f6d9d1f2a3b.png"
        let id = try bench.leave([], key: ours)
        _ = try bench.leave([], key: Self.key)
        #expect(bench.leftovers() == .page(
            [Leftover(key: ours, uploadID: id, ageMilliseconds: nil)], next: nil))
        var answer: KeeperAnswer?
        bench.keeper.remove(Leftover(key: ours, uploadID: id, ageMilliseconds: 1)) { answer = $0 }
        #expect(bench.run { answer == KeeperAnswer(.done) })
        #expect(bench.leftovers() == .page([], next: nil))
    }

    @Test func `a marker that leads nowhere ends the list`() throws {
        let page = """
            <ListMultipartUploadsResult><IsTruncated>true</IsTruncated><NextKeyMarker>k</NextKeyMarker>
            <NextUploadIdMarker>u</NextUploadIdMarker></ListMultipartUploadsResult>
            """
        let bench = try KeeperBench(FakeS3 { _, _ in .instead(.answer(200, [], page)) })
        let marker = LeftoverMarker(key: "k", uploadID: "u")
        #expect(bench.leftovers() == .page([], next: marker))
        #expect(bench.leftovers(after: marker) == .page([], next: nil))
    }

    @Test func `junk is no list`() throws {
        let bench = try KeeperBench(FakeS3 { _, _ in .instead(.answer(200, [], "<html>")) })
        guard case .failed = bench.leftovers() else { return #expect(Bool(false)) }
        #expect(bench.ask(.listing, key: Self.key)?.answer == .unknown)
        #expect(bench.ask(.completing, key: Self.key, uploadID: "u", size: 1)?.answer == .unknown)
    }
}

@Suite(.serialized, .enabled(if: Moto.isUsable, Comment(rawValue: Moto.skipMessage))) struct S3KeeperMotoTests {
    private static let key = "users/1/images/1700000000000-0b0e7e3a-93c1-4f7e-8a54-2f6d9d1f2a3b.png"

    private func bench(_ moto: Moto, clock: @escaping () -> Int64 = Clock.wallMilliseconds) throws -> KeeperBench {
        try KeeperBench(
            endpoint: moto.endpoint,
            credentials: Credentials(accessKeyID: moto.accessKeyID, secretAccessKey: moto.secretAccessKey),
            payload: .auto, bucket: "images", clock: clock)
    }

    @Test func `moto takes every signed request and answers as S3 does`() throws {
        let moto = try Moto(bucket: "images")
        defer { moto.stop() }
        let bench = try bench(moto)
        let first = TestBody.pattern(5 << 20)
        let second = TestBody.pattern(1_000)
        let id = try bench.leave([first, second], key: Self.key)
        let size = Int64(first.count + second.count)
        #expect(bench.ask(.completing, key: Self.key, uploadID: id, size: size - 1)?.answer == .refused)
        #expect(bench.ask(.deciding, key: Self.key, size: size) == KeeperAnswer(.notFound))
        #expect(bench.ask(.completing, key: Self.key, uploadID: id, size: size) == KeeperAnswer(.done))
        #expect(try moto.object("images", Self.key) == first + second)
        #expect(bench.ask(.completing, key: Self.key, uploadID: id, size: size)?.answer == .noSuchUpload)
        #expect(bench.ask(.confirming, key: Self.key, size: size) == KeeperAnswer(.foundOurs))
        #expect(bench.ask(.aborting, key: Self.key, uploadID: id) == KeeperAnswer(.noSuchUpload))
        #expect(bench.ask(.deleting, key: Self.key) == KeeperAnswer(.done))
        #expect(bench.ask(.deciding, key: Self.key, size: size) == KeeperAnswer(.notFound))
        let other = try bench.leave([second], key: Self.key)
        #expect(bench.ask(.givingUp, key: Self.key, uploadID: other) == KeeperAnswer(.done))
        #expect(try moto.uploadCount("images") == 0)
    }

    @Test func `moto's lists are read`() throws {
        let moto = try Moto(bucket: "images", verifies: false)
        defer { moto.stop() }
        // A day later.
        let bench = try bench(moto) { Clock.wallMilliseconds() + 86_400_000 }
        #expect(bench.ask(.listing, key: Self.key) == KeeperAnswer(.listedNone))
        let id = try bench.leave([TestBody.pattern(1_000)], key: Self.key)
        #expect(bench.ask(.listing, key: Self.key) == KeeperAnswer(.listedSome))
        guard case .page(let found, next: nil)? = bench.leftovers() else { return #expect(Bool(false)) }
        #expect(found.map(\.uploadID) == [id] && found.map(\.key) == [Self.key])
        #expect(bench.ask(.abortingListed, key: Self.key) == KeeperAnswer(.done))
        #expect(bench.leftovers() == .page([], next: nil))
    }
}
