import ObjectStore
import StoreStates
import TestSupport
import Testing

/// Answers that come late, twice, or too early.
@Suite struct S3StoreDoubtTests {
    typealias Bench = S3StoreTests.Bench

    @Test func `a Create that the store ends after its answer was given up is found`() throws {
        let bench = try Bench(FakeS3 { step, count in
            switch (step, count) {
            case ("create", 1): .instead(.reset)
            // That is where the late Create ends.
            case ("search", 2): .beside("create")
            default: nil
            }
        })
        let owner = bench.upload([[1]])
        #expect(owner.events.last == .aborted)
        #expect(bench.fake.steps == ["create", "search", "search", "abort"])
        #expect(bench.fake.uploadCount == 0)
    }

    @Test func `a Create that the HTTP client repeated leaves no second upload`() throws {
        let fake = FakeS3 { step, count in step == "create" && count == 2 ? .after(.close) : nil }
        let bench = try Bench(fake)
        #expect(bench.upload([[1]]).events.last == .completed)
        // On the kept connection, which ends without a byte of an answer.
        #expect(bench.upload([[2]]).events.last == .completed)
        #expect(bench.run { bench.store.openCount == 0 })
        #expect(bench.fake.steps.suffix(6) == ["create", "create", "part", "complete", "search", "abort"])
        #expect(bench.fake.uploadCount == 0)
        #expect(bench.fake.objects[S3StoreTests.path]?.bytes == [2])
    }

    @Test(arguments: [S3Payload.unsigned, .signed], [10, 3_000_000])
    func `a part that the store takes before its bytes came is none`(payload: S3Payload, length: Int) throws {
        let server = try ScriptedServer { connection in
            guard let request = try connection.readHead() else { return }
            let isCreate = request.method == "POST"
            let id = "<InitiateMultipartUploadResult><UploadId>u</UploadId></InitiateMultipartUploadResult>"
            let answer = isCreate ? id : ""
            try connection.send("HTTP/1.1 200 OK\r\nETag: \"e\"\r\nConnection: close\r\n")
            try connection.send("Content-Length: \(answer.utf8.count)\r\n\r\n" + answer)
            connection.drain()
        }
        let bench = try Bench(FakeS3(), payload: payload, server: server)
        let owner = Owner()
        let upload = bench.begin(owner)
        upload.create()
        #expect(bench.run { owner.events.count == 1 })
        let body = TestBody(TestBody.pattern(length), isOver: false)
        body.isRewindable = false
        body.bytes.removeLast()
        upload.openPart(number: 1, length: Int64(length), body: body)
        #expect(bench.run { owner.events.count == 2 })
        #expect(owner.parts.isEmpty)
        #expect(owner.failures.first?.kind == .unavailable)
    }
}
