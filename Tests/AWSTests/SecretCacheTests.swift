import AWS
import HTTPClient
import Reactor
import SigV4
import Synchronization
import TestSupport
import Testing
import Tokens

/// A cache on a loop of its own, and what it said.
private final class Bench: SecretObserver {
    let loop: EventLoop
    let client: HTTPClient
    private(set) var snapshots: [SecretSnapshot?] = []
    private(set) var reports: [SecretReport] = []
    private(set) var cache: SecretCache?
    private let driver: TestLoopDriver

    init(
        _ url: String, policy: SecretPolicy = SecretPolicy(),
        credentials: Credentials? = Credentials(accessKeyID: "AKID", secretAccessKey: "hidden", sessionToken: "token")
    ) throws {
        loop = try EventLoop()
        driver = TestLoopDriver(loop: loop)
        client = try HTTPClient(configuration: HTTPClientConfiguration(), driver: driver)
        driver.client = client
        var sources = SecretCacheSources()
        sources.wallMilliseconds = { 1_763_114_400_000 }
        let authority = String(url.dropFirst("http://".count))
        cache = SecretCache(
            ParameterRequest(
                name: "/community/JWT_SECRET", region: "ap-northeast-2",
                endpoint: ServiceEndpoint(url: url, authority: authority)),
            policy: policy, credentials: { [unowned self] in current(credentials) }, client: client,
            loop: loop, sources: sources, observer: self)
    }

    /// Credentials that came later than the cache.
    var late: Credentials?

    private func current(_ credentials: Credentials?) -> Result<Credentials, CredentialFailure> {
        (credentials ?? late).map(Result.success) ?? .failure(CredentialFailure(.nowhere, "none anywhere"))
    }

    deinit {
        cache?.stop()
        client.close()
    }

    func secretChanged(_ snapshot: SecretSnapshot?) { snapshots.append(snapshot) }
    func secretReported(_ report: SecretReport) { reports.append(report) }

    /// Turns the loop until `isDone`, or until a test that hangs must end; answers whether it was done.
    func run(until isDone: () -> Bool) -> Bool {
        for _ in 0 ..< 3_000 {
            if isDone() { return true }
            loop.turn(timeoutMilliseconds: 10)
        }
        return isDone()
    }

    var currents: [String] {
        snapshots.map { snapshot in snapshot.map { String(decoding: $0.current.bytes, as: UTF8.self) } ?? "-" }
    }
}

/// What a server answers now.
private final class Answers: Sendable {
    private let reply = Mutex(ScriptedReply.close)

    func set(_ new: ScriptedReply) { reply.withLock { $0 = new } }
    func set(_ secret: String) { set(.answer(200, [], "{\"Parameter\":{\"Value\":\"\(secret)\"}}")) }
    func get() -> ScriptedReply { reply.withLock { $0 } }
}

private func quickPolicy() -> SecretPolicy {
    var policy = SecretPolicy()
    policy.ttlMilliseconds = 100
    policy.retryMilliseconds = 20
    policy.retryMillisecondsMax = 20
    policy.earlyRefreshGapMilliseconds = 0
    return policy
}

struct SecretCacheTests {
    @Test func `asks SSM with a signed request and publishes the secret`() throws {
        let answers = Answers()
        answers.set("first")
        let server = try ScriptedServer(replying: { _ in answers.get() })
        defer { server.stop() }
        let bench = try Bench(server.url)
        #expect(bench.cache?.health == .waiting)
        bench.cache?.start()
        #expect(bench.run { !bench.snapshots.isEmpty })
        #expect(bench.currents == ["first"])
        #expect(bench.reports == [.loaded])
        #expect(bench.cache?.health == .good)

        let sent = try #require(server.requests.first)
        #expect(sent.method == "POST")
        #expect(sent.target == "/")
        #expect(sent.field("x-amz-target") == "AmazonSSM.GetParameter")
        #expect(sent.field("content-type") == "application/x-amz-json-1.1")
        #expect(sent.field("host") == "127.0.0.1:\(server.port)")
        #expect(sent.field("x-amz-date") == "20251114T100000Z")
        #expect(sent.field("x-amz-security-token") == "token")
        #expect(sent.fields.filter { $0.name == "host" }.count == 1)
        let authorization = try #require(sent.field("authorization"))
        #expect(authorization.hasPrefix(
            "AWS4-HMAC-SHA256 Credential=AKID/20251114/ap-northeast-2/ssm/aws4_request, "
                + "SignedHeaders=content-type;host;x-amz-date;x-amz-security-token;x-amz-target, Signature="))
    }

    @Test func `names and decrypts the parameter`() throws {
        let body = Mutex("")
        let server = try ScriptedServer(replying: { request in
            body.withLock { $0 = String(decoding: request.body, as: UTF8.self) }
            return .close
        })
        defer { server.stop() }
        let bench = try Bench(server.url)
        bench.cache?.start()
        #expect(bench.run { !bench.reports.isEmpty })
        #expect(body.withLock { $0 } == "{\"Name\":\"/community/JWT_SECRET\",\"WithDecryption\":true}")
    }

    @Test func `refreshes in the background and publishes a rotation with the secret before it`() throws {
        let answers = Answers()
        answers.set("first")
        let server = try ScriptedServer(replying: { _ in answers.get() })
        defer { server.stop() }
        let bench = try Bench(server.url, policy: quickPolicy())
        bench.cache?.start()
        #expect(bench.run { server.requests.count >= 3 })
        #expect(bench.currents == ["first"])
        answers.set("second")
        #expect(bench.run { bench.snapshots.count == 2 })
        #expect(bench.currents == ["first", "second"])
        #expect(bench.snapshots.last??.previous?.bytes == [UInt8]("first".utf8))
        #expect(bench.reports == [.loaded, .rotated])
    }

    @Test func `a bad signature fetches at once, one at a time`() throws {
        let answers = Answers()
        answers.set("first")
        let server = try ScriptedServer(replying: { _ in answers.get() })
        defer { server.stop() }
        let bench = try Bench(server.url)
        bench.cache?.start()
        #expect(bench.run { !bench.snapshots.isEmpty })
        answers.set("second")
        for _ in 0 ..< 100 { bench.cache?.badSignature() }
        #expect(bench.run { bench.snapshots.count == 2 })
        for _ in 0 ..< 100 { bench.cache?.badSignature() }
        for _ in 0 ..< 5 { bench.loop.turn(timeoutMilliseconds: 10) }
        #expect(server.requests.count == 2)
    }

    @Test func `serves the last known secret while SSM fails, and says so`() throws {
        let answers = Answers()
        answers.set("first")
        let server = try ScriptedServer(replying: { _ in answers.get() })
        defer { server.stop() }
        let bench = try Bench(server.url, policy: quickPolicy())
        bench.cache?.start()
        #expect(bench.run { !bench.snapshots.isEmpty })
        answers.set(.answer(400, [], "{\"__type\":\"AccessDeniedException\",\"message\":\"no\"}"))
        #expect(bench.run { bench.reports.count >= 3 })
        #expect(bench.currents == ["first"])
        guard case .stale(let failure) = bench.cache?.health else {
            Issue.record("\(String(describing: bench.cache?.health))")
            return
        }
        #expect(failure.kind == .accessDenied)
        answers.set(.reset)
        #expect(bench.run {
            guard case .stale(let failure) = bench.cache?.health else { return false }
            return failure.kind == .unreachable
        })
        answers.set("first")
        #expect(bench.run { bench.cache?.health == .good })
        #expect(bench.reports.last == .recovered)
    }

    @Test func `without an answer at the start it goes on asking`() throws {
        let answers = Answers()
        let server = try ScriptedServer(replying: { _ in answers.get() })
        defer { server.stop() }
        let bench = try Bench(server.url, policy: quickPolicy())
        bench.cache?.start()
        #expect(bench.run { bench.reports.count >= 2 })
        guard case .missing(let failure) = bench.cache?.health else {
            Issue.record("\(String(describing: bench.cache?.health))")
            return
        }
        #expect(failure.description.contains(server.url))
        #expect(bench.cache?.health.isServing == false)
        answers.set("late")
        #expect(bench.run { bench.currents == ["late"] })
    }

    @Test func `without credentials it says so and asks nobody`() throws {
        let server = try ScriptedServer(replying: { _ in .close })
        defer { server.stop() }
        let bench = try Bench(server.url, policy: quickPolicy(), credentials: nil)
        bench.cache?.start()
        #expect(bench.reports.isEmpty)
        #expect(bench.run { bench.reports.count >= 2 })
        guard case .failing(let failure, isServing: false, retryAfterMilliseconds: _) = bench.reports[0] else {
            Issue.record("\(bench.reports)")
            return
        }
        #expect(failure.kind == .credentials)
        #expect(failure.description == "SSM cannot be asked: none anywhere")
        #expect(server.requests.isEmpty)
    }

    @Test func `credentials that come late are used at once`() throws {
        let answers = Answers()
        answers.set("first")
        let server = try ScriptedServer(replying: { _ in answers.get() })
        defer { server.stop() }
        var policy = SecretPolicy()
        policy.retryMilliseconds = 3_600_000
        policy.retryMillisecondsMax = 3_600_000
        let bench = try Bench(server.url, policy: policy, credentials: nil)
        bench.cache?.start()
        #expect(bench.run { !bench.reports.isEmpty })
        bench.late = Credentials(accessKeyID: "LATE", secretAccessKey: "hidden")
        bench.cache?.credentialsChanged()
        #expect(bench.run { bench.currents == ["first"] })
        #expect(server.requests.first?.field("authorization")?.contains("Credential=LATE/") == true)
    }

    @Test func `after the stop nothing is heard`() throws {
        let answers = Answers()
        answers.set("first")
        let server = try ScriptedServer(replying: { _ in answers.get() })
        defer { server.stop() }
        let bench = try Bench(server.url, policy: quickPolicy())
        bench.cache?.start()
        bench.cache?.stop()
        bench.cache?.badSignature()
        for _ in 0 ..< 20 { bench.loop.turn(timeoutMilliseconds: 10) }
        #expect(bench.snapshots.isEmpty)
        #expect(bench.reports.isEmpty)
        #expect(bench.client.transferCount == 0)
    }
}
