import StoreStates
import Testing

@Suite struct S3AnswerReaderTests {
    static let complete = S3Step.complete(uploadID: "u", parts: [])

    static func read(_ step: S3Step, _ head: S3AnswerHead, _ body: String = "") -> S3Answer {
        let bytes = [UInt8](body.utf8)
        return S3AnswerReader.read(step, head, body: bytes.span, key: "k<1>")
    }

    static func read(_ step: S3Step, _ status: Int, _ body: String = "") -> S3Answer {
        read(step, S3AnswerHead(status: status), body)
    }

    static func error(_ code: String, _ message: String = "") -> String {
        "<?xml version=\"1.0\"?>\n<Error><Code>\(code)</Code><Message>\(message)</Message></Error>"
    }

    static func problem(_ answer: S3Answer) -> S3Problem? {
        if case .refused(let problem) = answer { problem } else { nil }
    }

    @Test func `a Create is answered by an upload id, or it may have happened`() {
        let body = "<InitiateMultipartUploadResult><UploadId>a&amp;b</UploadId></InitiateMultipartUploadResult>"
        #expect(Self.read(.create, 200, body) == .created(uploadID: "a&b"))
        let long = String(repeating: "x", count: 2_000)
        for bad in ["", "<html></html>", body.replacing("a&amp;b", with: ""), body.replacing("a&amp;b", with: long)] {
            let problem = Self.problem(Self.read(.create, 200, bad))
            #expect(problem?.mayHaveHappened == true, "\(bad)")
        }
        #expect(Self.problem(Self.read(.create, 403, Self.error("AccessDenied")))?.mayHaveHappened == false)
    }

    @Test func `a Complete is done only when its body says so`() {
        let done = "<CompleteMultipartUploadResult><ETag></ETag></CompleteMultipartUploadResult>"
        #expect(Self.read(Self.complete, 200, "\n \n" + done) == .completed)
        #expect(Self.problem(Self.read(Self.complete, 200, "  " + Self.error("InternalError")))?.isTransient == true)
        #expect(Self.problem(Self.read(Self.complete, 200, Self.error("InvalidPart")))?.isTransient == false)
        for bad in ["", "  ", "<html/>", String(done.dropLast(5))] {
            let problem = Self.problem(Self.read(Self.complete, 200, bad))
            #expect(problem?.isTransient == true && problem?.mayHaveHappened == true, "\(bad)")
        }
    }

    @Test func `a PutObject is done at 200 with an ETag and nothing else, and may be at another yes`() {
        let step = S3Step.put(length: 1)
        #expect(Self.read(step, S3AnswerHead(status: 200, etag: "\"e\"")) == .stored(etag: "\"e\""))
        let others = [
            Self.read(step, 200), Self.read(step, S3AnswerHead(status: 200, etag: "")), Self.read(step, 204),
            Self.read(step, S3AnswerHead(status: 200, etag: "\"e\""), "<html>log in</html>"),
            Self.read(step, S3AnswerHead(status: 202, etag: "\"e\"")),
            Self.read(step, S3AnswerHead(status: 206, etag: "\"e\"")),
            Self.read(step, S3AnswerHead(status: 299, etag: "\"e\"")),
        ]
        for other in others { #expect(Self.problem(other)?.mayHaveHappened == true, "\(other)") }
        #expect(Self.problem(Self.read(step, 200, Self.error("SlowDown")))?.mayHaveHappened == false)
    }

    @Test func `an Abort is done at 204 and when there is no such upload, and only then`() {
        let step = S3Step.abort(uploadID: "u")
        #expect(Self.read(step, 204) == .aborted)
        #expect(Self.read(step, 404, Self.error("NoSuchUpload")) == .gone)
        #expect(Self.problem(Self.read(step, 404, Self.error("NoSuchBucket")))?.status == 404)
        #expect(Self.problem(Self.read(step, 404))?.status == 404)
        #expect(Self.problem(Self.read(step, 500))?.isTransient == true)
        for step in [step, .delete] {
            #expect(Self.problem(Self.read(step, 200, "<html>maintenance</html>"))?.isTransient == true)
            #expect(Self.problem(Self.read(step, 200, Self.error("SlowDown"))) != nil)
        }
        #expect(Self.read(.delete, 204) == .deleted)
    }

    @Test func `a HEAD says length and token, or that there is nothing, or nothing at all`() {
        let head = S3AnswerHead(status: 200, etag: "\"e\"", contentLength: "12", recordToken: "t")
        #expect(Self.read(.head, head) == .object(length: 12, recordToken: "t"))
        #expect(Self.read(.head, 404) == .noObject)
        #expect(Self.problem(Self.read(.head, 403))?.isTransient == false)
        #expect(Self.problem(Self.read(.head, S3AnswerHead(status: 200, etag: "e", contentLength: "x"))) != nil)
        // The say of something before the store.
        let other = S3AnswerHead(status: 200, contentLength: "26")
        #expect(Self.problem(Self.read(.head, other))?.isTransient == true)
    }

    @Test func `a search finds the uploads of exactly our key`() {
        let body = """
            <ListMultipartUploadsResult><Bucket>b</Bucket><Prefix>k</Prefix>
            <Upload><Key>k&lt;1&gt;</Key><UploadId>one</UploadId><Initiator><ID>x</ID></Initiator></Upload>
            <Upload><Key>k&lt;1&gt;2</Key><UploadId>other</UploadId></Upload>
            <Upload><Key>k&lt;1&gt;</Key><UploadId>two</UploadId></Upload></ListMultipartUploadsResult>
            """
        #expect(Self.read(.search, 200, body) == .uploads(["one", "two"]))
        #expect(Self.read(.search, 200, "<ListMultipartUploadsResult/>") == .uploads([]))
        #expect(Self.problem(Self.read(.search, 200, "<html>")) != nil)
    }

    @Test func `what an operator reads is one bounded line with advice`() {
        let message = String(repeating: "long\u{7F}\t\n", count: 500)
        let problem = Self.problem(Self.read(.create, 403, Self.error("InvalidAccessKeyId", message)))
        #expect(problem?.code == "InvalidAccessKeyId")
        let detail = problem?.detail ?? ""
        #expect(detail.hasPrefix("CreateMultipartUpload: HTTP 403 InvalidAccessKeyId: long"))
        #expect(detail.hasSuffix("check AWS_ACCESS_KEY_ID"))
        #expect(detail.utf8.count < 500)
        #expect(detail.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
    }

    @Test func `no character of the store's steers a terminal or ends a line`() {
        let text = "a\u{9B}31m\u{85}b\u{2028}c\u{2029}d\u{7F}é"
        let problem = Self.problem(Self.read(.create, 403, Self.error("AccessDenied", text)))
        #expect(problem?.detail.contains("a 31m b c d é") == true)
        let long = String(repeating: "é", count: 500)
        let bounded = Self.problem(Self.read(.create, 403, Self.error("AccessDenied", long)))
        #expect(bounded?.detail.contains("\u{FFFD}") == false)
    }

    @Test func `which refusals pass`() {
        let transient = [(503, "SlowDown"), (500, "InternalError"), (400, "RequestTimeout"), (200, "InternalError")]
        for (status, code) in transient {
            #expect(S3Problem(status: status, code: code, detail: "").isTransient, "\(code)")
        }
        let lasting = [
            (403, "AccessDenied"), (400, "EntityTooSmall"), (404, "NoSuchUpload"), (301, "PermanentRedirect"),
        ]
        for (status, code) in lasting {
            #expect(!S3Problem(status: status, code: code, detail: "").isTransient, "\(code)")
        }
        #expect(!S3Problem(status: 503, code: "SlowDown", detail: "").mayHaveHappened)
        // A gateway's own, which may have passed the request on.
        #expect(S3Problem(status: 503, detail: "").mayHaveHappened)
        #expect(S3Problem(status: 503, code: "NobodyKnows", detail: "").mayHaveHappened)
        for code in ["ServiceUnavailable", "Busy", "Throttling", "RequestLimitExceeded", "TooManyRequests"] {
            #expect(!S3Problem(status: 503, code: code, detail: "").mayHaveHappened, "\(code)")
        }
        #expect(!S3Problem(status: 429, detail: "").mayHaveHappened)
        #expect(S3Problem(status: 504, detail: "").mayHaveHappened)
    }

    @Test func `the document of Complete names parts and escapes tags`() {
        let parts = [
            StoredPart(number: 1, etag: "\"a<&>\"", length: 1), StoredPart(number: 10_000, etag: "", length: 1),
        ]
        #expect(
            String(decoding: S3CompleteDocument.bytes(parts), as: UTF8.self)
                == "<CompleteMultipartUpload xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"><Part><PartNumber>1"
                + "</PartNumber><ETag>&quot;a&lt;&amp;&gt;&quot;</ETag></Part><Part><PartNumber>10000</PartNumber>"
                + "<ETag></ETag></Part></CompleteMultipartUpload>")
    }

    @Test(arguments: [
        S3Step.create, .part(uploadID: "u", number: 1, length: 1), complete, .abort(uploadID: "u"), .search,
    ])
    func `an error inside of a 2xx is one, whatever was asked`(step: S3Step) {
        let slow = Self.problem(Self.read(step, 200, " \n" + Self.error("SlowDown")))
        #expect(slow?.code == "SlowDown" && slow?.isTransient == true && slow?.mayHaveHappened == false)
        let denied = Self.problem(Self.read(step, 200, Self.error("AccessDenied")))
        #expect(denied?.code == "AccessDenied" && denied?.isTransient == false)
    }

    @Test func `a redirect and a signature for another region name the region, other answers do not`() {
        let malformed =
            "<Error><Code>AuthorizationHeaderMalformed</Code><Region>eu-central-1</Region></Error>"
        #expect(Self.problem(Self.read(.create, 400, malformed))?.region == "eu-central-1")
        for status in [301, 302, 307, 308] {
            let head = S3AnswerHead(status: status, bucketRegion: "eu-west-3")
            #expect(Self.problem(Self.read(.create, head, Self.error("PermanentRedirect")))?.region == "eu-west-3")
            // An answer to HEAD has no body.
            #expect(Self.problem(Self.read(.head, head))?.region == "eu-west-3")
        }
        let head = S3AnswerHead(status: 400, bucketRegion: "eu-west-3")
        #expect(Self.problem(Self.read(.head, head))?.region == "eu-west-3")
        // S3 names the region with refusals of every kind.
        for (status, code) in [(403, "AccessDenied"), (503, "SlowDown"), (400, "InvalidPart")] {
            let head = S3AnswerHead(status: status, bucketRegion: "eu-west-3")
            #expect(Self.problem(Self.read(.create, head, Self.error(code)))?.region == nil, "\(code)")
        }
    }
}
