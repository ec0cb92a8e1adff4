@testable import AWS
import HTTPClient
import SigV4
import Testing

private let now: Int64 = 1_763_114_400_000

private func json(_ text: String) throws(CredentialAnswer.Flaw) -> FetchedCredentials {
    let bytes = [UInt8](text.utf8)
    return try CredentialAnswer.json(bytes.span, now: now, source: "s")
}

private func xml(_ text: String) throws(CredentialAnswer.Flaw) -> FetchedCredentials {
    let bytes = [UInt8](text.utf8)
    return try CredentialAnswer.xml(bytes.span, now: now, source: "s")
}

private let whole = """
    {"AccessKeyId":"ASIA1","SecretAccessKey":"s/+=","Token":"t","Expiration":"2025-11-14T11:00:00Z"}
    """

struct CredentialAnswerTests {
    @Test func `JSON of containers and instances`() throws {
        let fetched = try json(whole)
        #expect(fetched.credentials.accessKeyID == "ASIA1")
        #expect(fetched.credentials.secretAccessKey == "s/+=")
        #expect(fetched.credentials.sessionToken == "t")
        #expect(fetched.lifetimeMilliseconds == 3_600_000)
        #expect(try json("{\"Code\":\"Success\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\"}")
            .lifetimeMilliseconds == nil)
    }

    @Test func `XML of STS`() throws {
        let text = """
            <AssumeRoleWithWebIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
              <AssumeRoleWithWebIdentityResult>
                <SubjectFromWebIdentityToken>x</SubjectFromWebIdentityToken>
                <Credentials><SessionToken>t</SessionToken><SecretAccessKey>s</SecretAccessKey>
                <Expiration>2025-11-14T10:15:00.000Z</Expiration><AccessKeyId>ASIA2</AccessKeyId></Credentials>
              </AssumeRoleWithWebIdentityResult>
            </AssumeRoleWithWebIdentityResponse>
            """
        let fetched = try xml(text)
        #expect(fetched.credentials.accessKeyID == "ASIA2")
        #expect(fetched.credentials.sessionToken == "t")
        #expect(fetched.lifetimeMilliseconds == 900_000)
        #expect(throws: CredentialAnswer.Flaw.self) { try xml("<html/>") }
        #expect(throws: CredentialAnswer.Flaw.self) { try xml("") }
    }

    @Test(arguments: [
        "", "{", "[]", "{}", "{\"AccessKeyId\":\"A\"}", "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"\"}",
        "{\"AccessKeyId\":\"A\\r\\n\",\"SecretAccessKey\":\"s\"}",
        "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"Expiration\":\"tomorrow\"}",
        "{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\",\"Token\":\"a b\"}",
        "{\"Code\":\"Failed\",\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"s\"}",
    ])
    func `an answer without credentials is none`(text: String) {
        #expect(throws: CredentialAnswer.Flaw.self) { try json(text) }
    }

    @Test func `a flaw quotes no credentials`() {
        do {
            _ = try json("{\"AccessKeyId\":\"A\",\"SecretAccessKey\":\"hunter2\",\"Expiration\":\"hunter2\"}")
            Issue.record("taken")
        } catch {
            #expect(!error.text.contains("hunter2"))
        }
    }

    @Test func `complaints in both languages`() {
        func complaint(_ text: String) -> String {
            let bytes = [UInt8](text.utf8)
            return CredentialAnswer.complaint(bytes.span)
        }
        #expect(complaint("{\"code\":\"NoRole\",\"message\":\"a\\nb\"}") == "NoRole: a b")
        let xml = "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>"
        #expect(complaint(xml) == "AccessDenied: no")
        #expect(complaint("<html>") == "")
    }
}

struct InstanceMetadataTests {
    private let metadata = InstanceMetadata(endpoint: "http://169.254.169.254")

    private func take(_ step: InstanceMetadata.Step, _ status: Int, _ text: String) -> InstanceMetadata.Outcome {
        let bytes = [UInt8](text.utf8)
        return metadata.take(step, status: status, body: bytes.span, now: now)
    }

    @Test func `a token first, then the role, then its credentials`() {
        let token = metadata.request(.token)
        #expect(token.method == .put)
        #expect(token.url == "http://169.254.169.254/latest/api/token")
        #expect(take(.token, 200, "abc==") == .next(.role(token: "abc==")))
        let path = "http://169.254.169.254/latest/meta-data/iam/security-credentials/"
        #expect(metadata.request(.role(token: "t")).url == path)
        #expect(take(.role(token: "t"), 200, "my-role\nother\n") == .next(.credentials(token: "t", role: "my-role")))
        #expect(metadata.request(.credentials(token: "t", role: "my-role")).url == path + "my-role")
        guard case .done(let fetched) = take(.credentials(token: "t", role: "r"), 200, whole) else {
            Issue.record("no credentials")
            return
        }
        #expect(fetched.credentials.accessKeyID == "ASIA1")
        #expect(fetched.source == "the instance's metadata")
    }

    @Test func `a refusal says what to do`() {
        let cases: [(InstanceMetadata.Step, Int, String)] = [
            (.token, 403, "IMDSv1 is not used"), (.token, 404, "IMDSv2"), (.token, 405, "IMDSv2"),
            (.token, 500, "later"), (.role(token: "t"), 404, "attach an instance profile"),
            (.role(token: "t"), 401, "its own session token"), (.credentials(token: "t", role: "r"), 404, "later"),
        ]
        for (step, status, word) in cases {
            guard case .failed(let failure) = take(step, status, "") else {
                Issue.record("\(step) \(status)")
                return
            }
            #expect(failure.kind == .refused)
            #expect(failure.description.contains(word), "\(failure)")
            #expect(failure.description.contains("\(status)"))
        }
    }

    @Test(arguments: [403, 404, 405]) func `where the old way is asked for, it needs no token`(status: Int) {
        let old = InstanceMetadata(endpoint: "http://169.254.169.254", takesVersion1: true)
        #expect(old.take(.token, status: status, body: Span(), now: now) == .next(.role(token: nil)))
        let bytes = [UInt8]("r".utf8)
        #expect(old.take(.role(token: nil), status: 200, body: bytes.span, now: now)
            == .next(.credentials(token: nil, role: "r")))
        let answer = [UInt8](whole.utf8)
        guard case .done(let fetched) = old.take(
            .credentials(token: nil, role: "r"), status: 200, body: answer.span, now: now)
        else {
            Issue.record("no credentials")
            return
        }
        #expect(fetched.source == "the instance's metadata by IMDSv1")
        // What gives tokens is asked with one, and what wants one is not talked round.
        #expect(old.take(.token, status: 200, body: bytes.span, now: now) == .next(.role(token: "r")))
        guard case .failed(let failure) = old.take(.role(token: nil), status: 401, body: Span(), now: now) else {
            Issue.record("401")
            return
        }
        #expect(failure.description.contains("it wants a session token"))
    }

    @Test(arguments: [400, 401, 429, 500, 503]) func `no other refusal leads to the old way`(status: Int) {
        let old = InstanceMetadata(endpoint: "http://169.254.169.254", takesVersion1: true)
        guard case .failed = old.take(.token, status: status, body: Span(), now: now) else {
            Issue.record("\(status)")
            return
        }
    }

    @Test func `silence behind the request for a token leads to the old way, where it is asked for`() {
        let old = InstanceMetadata(endpoint: "http://169.254.169.254", takesVersion1: true)
        for (kind, isSent, goesOn) in [
            (HTTPFailure.Kind.timeout, true, true), (.connectionLost, true, true), (.timeout, false, false),
            (.connect, false, false), (.malformedResponse, true, false),
        ] {
            let failure = HTTPFailure(kind: kind, detail: "x", requestSent: isSent)
            #expect((old.silence(.token, failure) == .next(.role(token: nil))) == goesOn, "\(kind) \(isSent)")
            guard case .failed = metadata.silence(.token, failure),
                case .failed = old.silence(.role(token: nil), failure)
            else {
                Issue.record("\(kind)")
                continue
            }
        }
    }

    @Test(arguments: ["", "\n", "a b", "r\u{0}", "../x", "r/x", "r?x"])
    func `a name that is none is not put into a URL`(name: String) {
        guard case .failed(let failure) = take(.role(token: "t"), 200, name) else {
            Issue.record("taken")
            return
        }
        #expect(failure.kind == .unreadable)
    }

    @Test(arguments: ["", "a b", "t\u{1}", String(repeating: "x", count: 1_025)])
    func `a token that is none is not sent`(token: String) {
        guard case .failed = take(.token, 200, token) else {
            Issue.record("taken")
            return
        }
    }

    @Test func `silence to the first question hints at the hop limit`() {
        func silence(_ failure: HTTPFailure, _ step: InstanceMetadata.Step = .token) -> CredentialFailure? {
            if case .failed(let told) = metadata.silence(step, failure) { told } else { nil }
        }
        let timeout = HTTPFailure(kind: .timeout, detail: "timed out")
        #expect(silence(timeout)?.description.contains("hop limit of 2") == true)
        #expect(silence(timeout, .role(token: "t"))?.description.contains("hop limit") == false)
        let refused = HTTPFailure(kind: .connect, detail: "refused")
        #expect(silence(refused)?.description.contains("hop limit") == false)
        #expect(silence(refused)?.kind == .unreachable)
    }
}
