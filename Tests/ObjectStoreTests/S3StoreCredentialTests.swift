import ObjectStore
import SigV4
import StoreStates
import TestSupport
import Testing

@Suite struct S3StoreCredentialTests {
    private static func keys(of server: ScriptedServer) -> [String] {
        server.requests.map { request in
            let scope = request.field("authorization")?.split(separator: "=").dropFirst().first
            return String(scope?.split(separator: "/").first ?? "-")
        }
    }

    @Test(arguments: ["create", "part", "complete"], ["ExpiredToken", "ExpiredTokenException"])
    func `a step that meets expired credentials is sent again with others`(step: String, code: String) throws {
        let bench = try S3StoreTests.Bench(FakeS3 { seen, count in
            seen == step && count == 1 ? .instead(FakeS3.error(400, code)) : nil
        })
        var complaints = 0
        let store = bench.store
        store.onExpiredCredentials = { [unowned store] in
            complaints += 1
            store.credentials = Credentials(accessKeyID: "NEW", secretAccessKey: "SK", sessionToken: "T")
        }
        let owner = bench.upload([TestBody.pattern(1_000)])
        #expect(owner.events.last == .completed)
        #expect(complaints == 1)
        let keys = Self.keys(of: bench.server)
        let refused = try #require(bench.fake.steps.firstIndex(of: step))
        #expect(keys[...refused].allSatisfy { $0 == "AK" })
        #expect(keys[(refused + 1)...].allSatisfy { $0 == "NEW" })
        #expect(keys.count == 4)
        #expect(bench.server.requests.last?.field("x-amz-security-token") == "T")
        #expect(bench.store.admission() == .admitted)
    }

    @Test func `another refusal is no complaint about the credentials' age`() throws {
        let bench = try S3StoreTests.Bench(FakeS3 { step, _ in
            step == "create" ? .instead(FakeS3.error(403, "InvalidAccessKeyId")) : nil
        })
        var complaints = 0
        bench.store.onExpiredCredentials = { complaints += 1 }
        let owner = Owner()
        bench.begin(owner).create()
        #expect(bench.run { owner.events.count == 1 })
        #expect(complaints == 0)
    }

    @Test func `an abort under expired credentials insists until there are others`() throws {
        let bench = try S3StoreTests.Bench(FakeS3 { step, count in
            step == "abort" && count <= 3 ? .instead(FakeS3.error(400, "ExpiredToken")) : nil
        })
        var complaints = 0
        bench.store.onExpiredCredentials = { complaints += 1 }
        let owner = bench.openAndAbort()
        #expect(owner.events.last == .aborted)
        #expect(complaints == 3)
        #expect(bench.fake.uploadCount == 0)
    }

    @Test func `without credentials nothing is sent, and the failure says so`() throws {
        let bench = try S3StoreTests.Bench()
        bench.store.credentials = nil
        guard case .refused(_, let why) = bench.store.admission() else {
            Issue.record("admitted without credentials")
            return
        }
        #expect(why.contains("no credentials"))
        let owner = Owner()
        let upload = bench.begin(owner)
        upload.create()
        #expect(bench.run { owner.events.count == 1 })
        guard case .failed(let failure)? = owner.events.last else {
            Issue.record("\(owner.events)")
            return
        }
        #expect(failure.kind == .unavailable)
        #expect(failure.detail.contains("no credentials"))
        #expect(bench.server.requests.isEmpty)
    }
}
