import Bytes
import Linux
import ObjectStore
import StoreStates
import TestSupport
import Testing

@Suite struct S3ChecksumTests {
    typealias Bench = S3StoreTests.Bench

    static func checksum(_ bytes: [UInt8]) -> String {
        var sum = CRC32C()
        sum.update(bytes.span)
        return sum.base64
    }

    @Test func `Create announces the checksum, parts bring it, Complete repeats it`() throws {
        let bench = try Bench(payload: .trailer)
        let bodies = [TestBody.pattern(70_000), [1, 2, 3]]
        #expect(bench.upload(bodies).events.last == .completed)
        let requests = bench.server.requests
        #expect(requests.map { $0.field("x-amz-checksum-algorithm") } == ["CRC32C", nil, nil, nil])
        let trailer = "x-amz-checksum-crc32c"
        #expect(requests.map { $0.field("x-amz-trailer") } == [nil, trailer, trailer, nil])
        for (request, body) in zip(requests[1...2], bodies) {
            #expect(request.field("x-amz-content-sha256") == "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER")
            #expect(request.field("x-amz-decoded-content-length") == "\(body.count)")
            let line = "crc32c:\(Self.checksum(body))\r\nx-amz-trailer-signature:"
            #expect(bench.fake.objects[S3StoreTests.path]?.bytes.contains(Array(line.utf8)) == true)
        }
        let document = try #require(bench.fake.documents.first)
        for body in bodies {
            let element = "<ChecksumCRC32C>\(Self.checksum(body))</ChecksumCRC32C>"
            #expect(document.contains(element), "\(document)")
        }
    }

    @Test func `without a trailer there is no word of checksums`() throws {
        let bench = try Bench(payload: .signed)
        #expect(bench.upload([[1, 2, 3]]).events.last == .completed)
        for request in bench.server.requests {
            #expect(request.field("x-amz-checksum-algorithm") == nil)
            #expect(request.field("x-amz-trailer") == nil)
        }
        #expect(bench.fake.documents.count == 1)
        #expect(bench.fake.documents.first?.contains("Checksum") == false)
    }

    @Test func `a part that was sent twice is summed once`() throws {
        let bench = try Bench(FakeS3 { step, count in
            step == "part" && count == 1 ? .instead(FakeS3.error(503, "SlowDown")) : nil
        }, payload: .trailer)
        let body = TestBody.pattern(100_000)
        #expect(bench.upload([body]).events.last == .completed)
        #expect(bench.fake.steps == ["create", "part", "part", "complete"])
        let element = "<ChecksumCRC32C>\(Self.checksum(body))</ChecksumCRC32C>"
        #expect(bench.fake.documents.first?.contains(element) == true)
    }

    @Test func `a store that took other bytes is told from one that took ours`() throws {
        let wrong = ScriptedReply.answer(200, [("ETag", "\"e\""), ("x-amz-checksum-crc32c", "AAAAAA==")])
        let bench = try Bench(FakeS3 { step, count in
            step == "part" && count == 1 ? .instead(wrong) : nil
        }, payload: .trailer)
        #expect(bench.upload([[1, 2, 3]]).events.last == .completed)
        #expect(bench.fake.steps == ["create", "part", "part", "complete"])

        let hopeless = try Bench(FakeS3 { step, _ in step == "part" ? .instead(wrong) : nil }, payload: .trailer)
        let owner = hopeless.upload([[1, 2, 3]])
        #expect(owner.events.last == .aborted)
        #expect(owner.failures.first?.detail.contains("CRC32C") == true)
        #expect(hopeless.fake.uploadCount == 0)
    }
}

@Suite struct S3ClockTests {
    typealias Bench = S3StoreTests.Bench

    static func refusal(_ date: String?) -> ScriptedReply {
        .answer(
            403, date.map { [("Date", $0)] } ?? [],
            "<Error><Code>RequestTimeTooSkewed</Code><Message>scripted</Message></Error>")
    }

    @Test func `the store's time is taken from its refusal, and the request sent once more`() throws {
        let bench = try Bench(FakeS3 { step, count in
            step == "create" && count == 1 ? .instead(Self.refusal("Mon, 01 Jan 2035 00:00:00 GMT")) : nil
        })
        let observer = StoreWitness()
        bench.store.observer = observer
        #expect(bench.upload([[1]]).events.last == .completed)
        #expect(bench.fake.steps == ["create", "create", "part", "complete"])
        #expect(observer.skews.count == 1)
        let dates = bench.server.requests.map { $0.field("x-amz-date") ?? "" }
        #expect(!dates[0].hasPrefix("2035"))
        #expect(dates[1...].allSatisfy { $0.hasPrefix("20350101T0000") })
    }

    @Test func `a part whose bytes can be had again is sent again`() throws {
        let bench = try Bench(FakeS3 { step, count in
            step == "part" && count == 1 ? .instead(Self.refusal("Mon, 01 Jan 2035 00:00:00 GMT")) : nil
        }, payload: .signed)
        #expect(bench.upload([TestBody.pattern(70_000)]).events.last == .completed)
        #expect(bench.fake.steps == ["create", "part", "part", "complete"])
    }

    @Test func `a part whose bytes are gone fails, and the next upload is right`() throws {
        let bench = try Bench(FakeS3 { step, count in
            step == "part" && count == 1 ? .instead(Self.refusal("Mon, 01 Jan 2035 00:00:00 GMT")) : nil
        })
        let owner = Owner()
        let upload = bench.begin(owner)
        let body = TestBody([1, 2, 3])
        body.isRewindable = false
        owner.onEvent = { upload, event in
            switch event {
            case .created: upload.openPart(number: 1, length: 3, body: body)
            case .failed(let failure): if failure.step != .abort { upload.abort() }
            case .partStored, .completed, .aborted: break
            }
        }
        upload.create()
        #expect(bench.run { owner.isOver })
        #expect(owner.failures.first?.code == "RequestTimeTooSkewed")
        #expect(bench.upload([[1]]).events.last == .completed)
        #expect(bench.server.requests.last?.field("x-amz-date")?.hasPrefix("2035") == true)
    }

    /// One retry for each request, none where the refusal says nothing new.
    @Test(arguments: [
        ("Mon, 01 Jan 2035 00:00:00 GMT", 2), ("today", 1), (nil, 1),
    ] as [(String?, Int)])
    func `a store that always refuses is not asked for ever`(date: String?, sends: Int) throws {
        let today = CivilTime(millisecondsSinceEpoch: Clock.wallMilliseconds()).imfFixdate
        let told = date == "today" ? today : date
        let bench = try Bench(FakeS3 { step, _ in step == "create" ? .instead(Self.refusal(told)) : nil })
        let owner = bench.upload([[1]])
        #expect(owner.failures.first?.kind == .refused)
        #expect(bench.fake.steps.count == sends)
    }
}
