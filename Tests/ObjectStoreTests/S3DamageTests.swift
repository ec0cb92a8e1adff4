import ObjectStore
import StoreStates
import TestSupport
import Testing

/// Bytes that arrive at the store other than they were sent, and are refused by it.
@Suite struct S3DamageTests {
    typealias Bench = S3StoreTests.Bench

    static let codes = ["BadDigest", "XAmzContentSHA256Mismatch", "XAmzContentChecksumMismatch"]

    private static func damage(_ damaged: String, _ code: String, times: Int = .max) -> FakeS3 {
        FakeS3 { step, count in step == damaged && count <= times ? .instead(FakeS3.error(400, code)) : nil }
    }

    /// Walks an upload of one part whose bytes can be had once alone.
    private static func uploadOnce(_ bench: Bench, _ bytes: [UInt8]) -> Owner {
        let owner = Owner()
        let upload = bench.begin(owner)
        let body = TestBody(bytes)
        body.isRewindable = false
        owner.onEvent = { upload, event in
            switch event {
            case .created: upload.openPart(number: 1, length: Int64(bytes.count), body: body)
            case .partStored(let part): upload.complete(parts: [part])
            case .failed(let failure): if failure.step != .abort { upload.abort() }
            case .completed, .aborted: break
            }
        }
        upload.create()
        #expect(bench.run { owner.isOver })
        return owner
    }

    @Test(arguments: codes, [S3Payload.signed, .trailer])
    func `a part that was damaged is sent again, twice`(code: String, payload: S3Payload) throws {
        let bench = try Bench(Self.damage("part", code, times: 2), payload: payload)
        let body = TestBody.pattern(100_000)
        #expect(bench.upload([body]).events.last == .completed)
        #expect(bench.fake.steps == ["create", "part", "part", "part", "complete"])
        let bytes = try #require(bench.fake.objects[S3StoreTests.path]?.bytes)
        if payload == .signed { #expect(S3StoreTests.unchunked(bytes, parts: 1) == body) }
    }

    @Test(arguments: codes) func `one that is damaged each time fails, and leaves nothing`(code: String) throws {
        let bench = try Bench(Self.damage("part", code), payload: .trailer)
        let owner = bench.upload([TestBody.pattern(100_000)])
        #expect(owner.failures.first?.step == .part)
        #expect(owner.failures.first?.code == code)
        #expect(owner.failures.first?.detail.contains("damaged on their way") == true)
        #expect(owner.events.last == .aborted)
        #expect(bench.fake.steps.count { $0 == "part" } == 3)
        #expect(bench.fake.uploadCount == 0)
        #expect(bench.fake.objects.isEmpty)
    }

    @Test(arguments: codes) func `one whose bytes are gone is not sent again`(code: String) throws {
        let bench = try Bench(Self.damage("part", code), payload: .trailer)
        // Its first bytes are beyond what is handed over as one piece.
        let owner = Self.uploadOnce(bench, TestBody.pattern(300_000))
        #expect(owner.failures.first?.step == .part)
        #expect(owner.events.last == .aborted)
        #expect(bench.fake.steps.count { $0 == "part" } == 1)
        #expect(bench.fake.uploadCount == 0)
    }

    @Test(arguments: codes) func `a PutObject likewise, and of a damaged one nothing is in doubt`(code: String) throws {
        let body = TestBody.pattern(100_000)
        let lucky = try Bench(Self.damage("put", code, times: 2), payload: .trailer)
        #expect(try S3PutTests.put(lucky, body).events == [.completed])
        #expect(lucky.fake.steps == ["put", "put", "put"])
        for isRewindable in [true, false] {
            let bench = try Bench(Self.damage("put", code), payload: .trailer)
            let owner = try S3PutTests.put(bench, body, isRewindable: isRewindable)
            #expect(owner.failures.first?.code == code)
            #expect(owner.events.last == .aborted)
            #expect(bench.fake.steps == [String](repeating: "put", count: isRewindable ? 3 : 1))
            #expect(bench.fake.objects.isEmpty)
        }
    }

    @Test func `a store that refuses what was damaged is not down`() throws {
        let bench = try Bench(Self.damage("part", "BadDigest"), payload: .trailer)
        for _ in 0..<8 {
            _ = Self.uploadOnce(bench, TestBody.pattern(300_000))
            #expect(bench.store.admission() == .admitted)
        }
    }
}

/// Uploads that wait for their second look at the store.
@Suite struct S3RecheckTests {
    @Test func `only so many wait for it, and one that has gone makes room`() throws {
        let bench = try S3StoreTests.Bench(FakeS3 { step, _ in step == "put" ? .instead(.reset) : nil }) {
            $0.retry.recheckUploadsMax = 2
            $0.retry.putRecheckMilliseconds = 600_000
            // It is not the store's condition that is tried here.
            $0.breaker.troublesMax = 1_000
        }
        func putInDoubt() throws -> (any StorePut, Owner) {
            let owner = Owner()
            let upload = try S3PutTests.begin(bench, owner)
            owner.onEvent = { _, event in
                if case .failed(let failure) = event, failure.step != .abort { upload.abort() }
            }
            let heads = bench.fake.steps.count { $0 == "head" }
            let body = TestBody(TestBody.pattern(100_000))
            body.isRewindable = false
            upload.put(length: 100_000, body: body)
            // Three looks before the client is told, and the first of the two after that.
            #expect(bench.run { bench.fake.steps.count { $0 == "head" } == heads + 4 })
            bench.settle()
            return (upload, owner)
        }
        let (first, firstOwner) = try putInDoubt()
        let (second, secondOwner) = try putInDoubt()
        #expect(!firstOwner.isOver && !secondOwner.isOver)
        #expect(bench.store.openCount == 2)
        let (_, third) = try putInDoubt()
        #expect(third.isOver)
        #expect(third.failures.last?.step == .abort)
        #expect(third.failures.last?.kind == .ambiguous)
        #expect(bench.store.openCount == 2)
        first.leave()
        #expect(bench.store.openCount == 1)
        let (fourth, fourthOwner) = try putInDoubt()
        #expect(!fourthOwner.isOver)
        #expect(bench.store.openCount == 2)
        for upload in [second, fourth] { upload.leave() }
        #expect(bench.store.openCount == 0)
    }
}
