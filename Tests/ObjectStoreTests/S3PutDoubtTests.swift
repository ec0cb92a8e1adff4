import ObjectStore
import StoreStates
import TestSupport
import Testing

/// PutObjects of which it is not certain, or certain and wrong, what the store made of them.
@Suite struct S3PutDoubtTests {
    typealias Bench = S3StoreTests.Bench

    private static let wrong = ScriptedReply.answer(200, [("ETag", "\"e\""), ("x-amz-checksum-crc32c", "AAAAAA==")])

    private static func right(_ bytes: [UInt8]) -> ScriptedReply {
        .answer(200, [("ETag", "\"e\""), ("x-amz-checksum-crc32c", S3ChecksumTests.checksum(bytes))])
    }

    private static func state(attempts: Int = 3) -> S3PutState {
        var limits = S3RetryLimits()
        limits.partAttemptsMax = attempts
        var state = S3PutState(length: 10, recordToken: "token", limits: limits)
        _ = state.put()
        return state
    }

    @Test(arguments: [true, false], [10_000, 300_000])
    func `an object with another sum is taken back, and never called ours`(isRewindable: Bool, length: Int) throws {
        let bench = try Bench(FakeS3 { step, _ in step == "put" ? .after(Self.wrong) : nil }, payload: .trailer)
        let owner = try S3PutTests.put(bench, TestBody.pattern(length), isRewindable: isRewindable)
        #expect(owner.failures.first?.step == .put)
        #expect(owner.failures.first?.detail.contains("CRC32C") == true)
        #expect(owner.events.last == .aborted)
        #expect(bench.fake.objects.isEmpty)
        #expect(bench.fake.steps.contains("delete"))
    }

    @Test func `only a sum that agrees makes an object with another good again`() throws {
        let body = TestBody.pattern(10_000)
        for (reply, isGood) in [(Self.right(body), true), (ScriptedReply.answer(200, [("ETag", "\"e\"")]), false)] {
            let fake = FakeS3 { step, count in step == "put" ? .after(count == 1 ? Self.wrong : reply) : nil }
            let bench = try Bench(fake, payload: .trailer)
            let owner = try S3PutTests.put(bench, body)
            #expect(owner.events.last == (isGood ? .completed : .aborted))
            #expect(bench.fake.objects.isEmpty == !isGood)
            if isGood { #expect(bench.fake.steps == ["put", "put"]) }
        }
    }

    @Test func `after another sum no look settles anything, whatever comes then`() {
        let wrong = S3Answer.refused(S3Problem(status: 502, detail: "another sum", isKnownWrong: true))
        let lost = S3Answer.lost(S3Problem(detail: "reset"), mayHaveArrived: true)
        for answers in [[wrong], [wrong, lost], [lost, wrong]] {
            var state = Self.state(attempts: answers.count)
            var reaction = S3Reaction.none
            for answer in answers {
                reaction = state.answered(answer, isRewound: true, isWhole: true)
                _ = state.waited()
            }
            guard case .failed(let failure) = reaction.event else {
                Issue.record("\(reaction)")
                continue
            }
            #expect(failure.step == .put)
            #expect(state.abort(isWaiting: false, isWhole: true) == S3Reaction(.send(.delete)))
            let isDoubtful = answers.contains(lost)
            let next = isDoubtful ? S3Reaction(.send(.head)) : S3Reaction(event: .aborted)
            #expect(state.answered(.deleted, isRewound: false, isWhole: true) == next)
        }
    }

    @Test(arguments: [200, 202, 206, 299]) func `a captive portal stores nothing`(status: Int) throws {
        let portal = ScriptedReply.answer(status, [("Content-Type", "text/html")], "<html>Please log in</html>")
        let bench = try Bench(FakeS3 { step, _ in step == "put" ? .instead(portal) : nil })
        let owner = try S3PutTests.put(bench, TestBody.pattern(20_000))
        #expect(owner.failures.first?.kind == .ambiguous)
        #expect(owner.events.last == .aborted)
    }

    @Test func `a 503 that is not S3's may come after the object`() throws {
        let bare = ScriptedReply.answer(503, [("Server", "envoy")], "upstream connect error")
        let bench = try Bench(FakeS3 { step, _ in step == "put" ? .after(bare) : nil })
        #expect(try S3PutTests.put(bench, TestBody.pattern(30_000), isRewindable: false).events == [.completed])
        #expect(bench.fake.steps == ["put", "head"])
    }

    @Test func `a 503 that is not S3's may come after a Create or a Complete`() throws {
        let bare = ScriptedReply.answer(503, [], "upstream connect error")
        let complete = try Bench(FakeS3 { step, _ in step == "complete" ? .after(bare) : nil })
        #expect(complete.upload([[1]]).events.last == .completed)
        #expect(complete.fake.objects.count == 1)
        let create = try Bench(FakeS3 { step, count in step == "create" && count == 1 ? .after(bare) : nil })
        #expect(create.upload([[1]]).events.last == .aborted)
        #expect(create.fake.steps.starts(with: ["create", "search", "abort"]))
        #expect(create.fake.uploadCount == 0)
    }

    @Test func `an object with our token is ours to delete, whatever its length`() {
        var state = Self.state()
        _ = state.answered(.lost(S3Problem(detail: "reset"), mayHaveArrived: true), isRewound: false, isWhole: true)
        _ = state.abort(isWaiting: false, isWhole: true)
        let cut = S3Answer.object(length: 5, recordToken: "token")
        #expect(state.answered(cut, isRewound: false, isWhole: true) == S3Reaction(.send(.delete)))
    }

    @Test func `what was sent whole before the HTTP client sent it again is looked for`() {
        var state = Self.state()
        #expect(state.abort(isWaiting: false, isWhole: false, sends: 2) == S3Reaction(.send(.head)))
        var sentOnce = Self.state()
        #expect(sentOnce.abort(isWaiting: false, isWhole: false, sends: 1) == S3Reaction(event: .aborted))
    }

    @Test(arguments: [true, false]) func `an object of a first send is deleted although the second was cut off`(
        isAborted: Bool
    ) throws {
        let fake = FakeS3 { step, count in step == "put" && count == 2 ? .after(.close) : nil }
        let bench = try Bench(fake, partStall: 1)
        #expect(try S3PutTests.put(bench, [1]).events == [.completed])
        // On the kept connection, which ends without a byte of an answer.
        let owner = Owner()
        let upload = try S3PutTests.begin(bench, owner)
        owner.onEvent = { _, event in
            if case .failed(let failure) = event, failure.step != .abort { upload.abort() }
        }
        let body = TestBody(TestBody.pattern(300_000))
        body.secondCount = 299_999
        upload.put(length: 300_000, body: body)
        #expect(bench.run { body.rewinds == 1 && body.offset == 299_999 })
        if isAborted {
            upload.abort()
        } else {
            body.fails = true
            upload.bodyAvailable()
        }
        #expect(bench.run { owner.events.last == .aborted })
        #expect(bench.fake.steps.starts(with: ["put", "put", "head", "delete"]))
        #expect(bench.fake.objects.isEmpty)
    }
}
