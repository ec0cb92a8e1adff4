@testable import AWS
import Foundation
import HTTPClient
import Reactor
import SigV4
import Synchronization
import TestSupport
import Testing

private let now: Int64 = 1_763_114_400_000

/// A cache on a loop of its own, and what it said.
private final class Bench: CredentialObserver {
    let loop: EventLoop
    let client: HTTPClient
    private(set) var snapshots: [CredentialSnapshot?] = []
    private(set) var reports: [CredentialReport] = []
    private(set) var cache: CredentialCache?
    private let driver: TestLoopDriver

    init(policy: CredentialPolicy = CredentialPolicy(), _ configure: (inout CredentialOptions) -> Void) throws {
        loop = try EventLoop()
        driver = TestLoopDriver(loop: loop)
        client = try HTTPClient(configuration: HTTPClientConfiguration(), driver: driver)
        driver.client = client
        var sources = SecretCacheSources()
        sources.wallMilliseconds = { now }
        sources.random = { 0 }
        var options = CredentialOptions(stsEndpoint: .aws("sts", region: "us-east-1"))
        configure(&options)
        cache = CredentialCache(options, policy: policy, client: client, loop: loop, sources: sources, observer: self)
    }

    deinit {
        cache?.stop()
        client.close()
    }

    func credentialsChanged(_ snapshot: CredentialSnapshot?) { snapshots.append(snapshot) }
    func credentialsReported(_ report: CredentialReport) { reports.append(report) }

    /// Turns the loop until `isDone`, or until a test that hangs must end; answers whether it was done.
    func run(until isDone: () -> Bool) -> Bool {
        for _ in 0 ..< 3_000 {
            if isDone() { return true }
            loop.turn(timeoutMilliseconds: 10)
        }
        return isDone()
    }

    var keys: [String] { snapshots.map { $0?.credentials.accessKeyID ?? "-" } }

    /// The first failure that was reported, once there is one.
    func failure() -> CredentialFailure? {
        guard run(until: { !reports.isEmpty }), case .failing(let failure, _, _)? = reports.first else { return nil }
        return failure
    }
}

private func quickPolicy() -> CredentialPolicy {
    var policy = CredentialPolicy()
    policy.retryMilliseconds = 20
    policy.retryMillisecondsMax = 20
    policy.recheckMilliseconds = 20
    policy.refreshGapMilliseconds = 20
    policy.earlyRefreshGapMilliseconds = 0
    return policy
}

/// Credentials as JSON; without a lifetime they name no end.
private func json(_ id: String, lifetimeSeconds: Int64? = nil) -> String {
    let end = lifetimeSeconds.map { seconds in
        let date = Date(timeIntervalSince1970: Double(now / 1_000 + seconds))
        return ",\"Expiration\":\"\(date.ISO8601Format())\""
    }
    return "{\"AccessKeyId\":\"\(id)\",\"SecretAccessKey\":\"s\",\"Token\":\"t\"\(end ?? "")}"
}

private func temporaryFile(_ text: String) throws -> String {
    let path = NSTemporaryDirectory() + "sluice-credentials-" + UUID().uuidString
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    return path
}

struct CredentialCacheTests {
    @Test func `credentials of the environment ask nobody`() throws {
        let bench = try Bench { options in
            options.environment = Credentials(accessKeyID: "ENV", secretAccessKey: "s")
            options.instanceEndpoint = "http://127.0.0.1:1"
        }
        #expect(bench.cache?.health == .waiting)
        bench.cache?.start()
        #expect(bench.snapshots.isEmpty, "an effect is never answered from inside")
        #expect(bench.run { bench.keys == ["ENV"] })
        #expect(bench.reports == [.loaded(source: "the environment")])
        #expect(bench.client.transferCount == 0)
        #expect((try? bench.cache?.current.get())?.accessKeyID == "ENV")
    }

    @Test func `a file that is written anew is taken up`() throws {
        let path = try temporaryFile("[default]\naws_access_key_id = ONE\naws_secret_access_key = s\n")
        defer { try? FileManager.default.removeItem(atPath: path) }
        let bench = try Bench(policy: quickPolicy()) { options in
            options.credentialsFile = CredentialOptions.SharedFile(path: path, isGiven: true)
        }
        bench.cache?.start()
        #expect(bench.run { bench.keys == ["ONE"] })
        try "[default]\naws_access_key_id = TWO\naws_secret_access_key = s\n"
            .write(toFile: path, atomically: true, encoding: .utf8)
        #expect(bench.run { bench.keys == ["ONE", "TWO"] })
        #expect(bench.snapshots.map { $0?.generation } == [1, 2])
        try FileManager.default.removeItem(atPath: path)
        #expect(bench.run {
            if case .stale = bench.cache?.health { true } else { false }
        })
        #expect(bench.keys == ["ONE", "TWO"], "what is not there any more takes nothing away")
    }

    @Test func `web identity shows the token that is in the file now`() throws {
        let path = try temporaryFile("token-1\n")
        defer { try? FileManager.default.removeItem(atPath: path) }
        let bodies = Mutex<[String]>([])
        let server = try ScriptedServer(replying: { request in
            let count = bodies.withLock { bodies in
                bodies.append(String(decoding: request.body, as: UTF8.self))
                return bodies.count
            }
            return .answer(200, [("Content-Type", "text/xml")], """
                <AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials>
                <AccessKeyId>STS\(count)</AccessKeyId><SecretAccessKey>s</SecretAccessKey>
                <SessionToken>t</SessionToken><Expiration>2025-11-14T11:00:00Z</Expiration>
                </Credentials></AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>
                """)
        })
        defer { server.stop() }
        let bench = try Bench(policy: quickPolicy()) { options in
            options.webIdentity = WebIdentityRole(
                tokenFile: path, roleARN: "arn:aws:iam::1:role/a+b", sessionName: "me")
            options.stsEndpoint = ServiceEndpoint(url: server.url, authority: "127.0.0.1:\(server.port)")
        }
        bench.cache?.start()
        #expect(bench.run { bench.keys == ["STS1"] })
        try "token-2".write(toFile: path, atomically: true, encoding: .utf8)
        bench.cache?.refused(generation: 1)
        #expect(bench.run { bench.keys == ["STS1", "STS2"] })
        let common = "Action=AssumeRoleWithWebIdentity&Version=2011-06-15&RoleArn=arn%3Aaws%3Aiam%3A%3A1%3Arole%2Fa%2Bb"
            + "&RoleSessionName=me&WebIdentityToken="
        #expect(bodies.withLock { $0 } == [common + "token-1", common + "token-2"])
        let sent = try #require(server.requests.first)
        #expect(sent.method == "POST")
        #expect(sent.field("content-type") == "application/x-www-form-urlencoded")
        #expect(sent.field("authorization") == nil)
    }

    @Test func `what STS says no to is told with what to do, and not passed over`() throws {
        let path = try temporaryFile("token")
        defer { try? FileManager.default.removeItem(atPath: path) }
        let server = try ScriptedServer(replying: { _ in
            let error = "<Error><Code>AccessDenied</Code><Message>no</Message></Error>"
            return .answer(403, [], "<ErrorResponse>\(error)</ErrorResponse>")
        })
        defer { server.stop() }
        let bench = try Bench { options in
            options.webIdentity = WebIdentityRole(tokenFile: path, roleARN: "arn:r")
            options.stsEndpoint = ServiceEndpoint(url: server.url, authority: "127.0.0.1:\(server.port)")
            options.instanceEndpoint = server.url
        }
        bench.cache?.start()
        let failure = try #require(bench.failure())
        #expect(failure.kind == .refused)
        for word in ["AccessDenied: no", "trust policy", "arn:r"] { #expect(failure.description.contains(word)) }
        #expect(server.requests.allSatisfy { $0.method == "POST" })
        #expect(bench.cache?.health == .missing(failure))
    }

    @Test func `a token's file that is not there is told`() throws {
        let bench = try Bench { $0.webIdentity = WebIdentityRole(tokenFile: "/nonexistent/token", roleARN: "r") }
        bench.cache?.start()
        let failure = try #require(bench.failure())
        #expect(failure.kind == .file)
        #expect(failure.description.contains("/nonexistent/token"))
    }

    @Test func `a container is asked with what is in the token's file now`() throws {
        let path = try temporaryFile("Bearer one\n")
        defer { try? FileManager.default.removeItem(atPath: path) }
        let count = Mutex(0)
        let server = try ScriptedServer(replying: { _ in
            .answer(200, [], json("C\(count.withLock { $0 += 1; return $0 })", lifetimeSeconds: 3_600))
        })
        defer { server.stop() }
        let bench = try Bench(policy: quickPolicy()) { options in
            options.container = ContainerSource(url: server.url + "/get?a=b", authorization: .file(path))
        }
        bench.cache?.start()
        #expect(bench.run { bench.keys == ["C1"] })
        try "two".write(toFile: path, atomically: true, encoding: .utf8)
        bench.cache?.refused(generation: 1)
        #expect(bench.run { bench.keys == ["C1", "C2"] })
        #expect(server.requests.map { $0.field("authorization") } == ["Bearer one", "two"])
        #expect(server.requests.allSatisfy { $0.method == "GET" && $0.target == "/get?a=b" })
    }

    @Test func `a container's refusal hides the path and what it is asked with`() throws {
        let server = try ScriptedServer(replying: { _ in .answer(400, [], "{\"code\":\"InvalidToken\"}") })
        defer { server.stop() }
        let bench = try Bench { options in
            options.container = ContainerSource(url: server.url + "/hunter2", authorization: .token("hunter3"))
        }
        bench.cache?.start()
        let failure = try #require(bench.failure())
        #expect(failure.kind == .refused)
        #expect(failure.description.contains("400 (InvalidToken)"))
        #expect(!failure.description.contains("hunter"))
        #expect(server.requests.first?.field("authorization") == "hunter3")
    }

    @Test func `the instance is asked for a token, the role and its credentials, in this order`() throws {
        let server = try ScriptedServer(replying: { request in
            let path = "/latest/meta-data/iam/security-credentials/"
            if request.method == "PUT", request.target == "/latest/api/token",
                request.field("x-aws-ec2-metadata-token-ttl-seconds") != nil {
                return .answer(200, [], "tok")
            }
            guard request.field("x-aws-ec2-metadata-token") == "tok" else { return .answer(401) }
            switch request.target {
            case path: return .answer(200, [], "web")
            case path + "web": return .answer(200, [], json("IMDS", lifetimeSeconds: 21_600))
            default: return .answer(404)
            }
        })
        defer { server.stop() }
        let bench = try Bench { $0.instanceEndpoint = server.url }
        bench.cache?.start()
        #expect(bench.run { bench.keys == ["IMDS"] })
        #expect(server.requests.map(\.method) == ["PUT", "GET", "GET"])
        #expect(server.requests.first?.field("content-length") == "0")
    }

    @Test func `an instance that gives no token is not asked the old way`() throws {
        let server = try ScriptedServer(replying: { request in
            request.method == "PUT" ? .answer(403) : .answer(200, [], "role")
        })
        defer { server.stop() }
        let bench = try Bench { $0.instanceEndpoint = server.url }
        bench.cache?.start()
        let failure = try #require(bench.failure())
        #expect(failure.description.contains("AWS_ACCESS_KEY_ID is not set"))
        #expect(failure.description.contains("IMDSv1 is not used"))
        #expect(server.requests.allSatisfy { $0.method == "PUT" })
    }

    @Test func `it is asked the old way where that was asked for`() throws {
        let path = "/latest/meta-data/iam/security-credentials/"
        let server = try ScriptedServer(replying: { request in
            switch (request.method, request.target) {
            case ("GET", path): .answer(200, [], "web")
            case ("GET", path + "web"): .answer(200, [], json("OLD", lifetimeSeconds: 21_600))
            default: .answer(403)
            }
        })
        defer { server.stop() }
        let bench = try Bench {
            $0.instanceEndpoint = server.url
            $0.takesMetadataVersion1 = true
        }
        bench.cache?.start()
        #expect(bench.run { bench.keys == ["OLD"] })
        #expect(server.requests.map(\.method) == ["PUT", "GET", "GET"])
        #expect(server.requests.allSatisfy { $0.field("x-aws-ec2-metadata-token") == nil })
    }

    @Test func `silence of the instance is told with the hop limit`() throws {
        let server = try ScriptedServer(replying: { _ in .hang })
        defer { server.stop() }
        let bench = try Bench { $0.instanceEndpoint = server.url }
        bench.cache?.start()
        let failure = try #require(bench.failure())
        #expect(failure.kind == .unreachable)
        #expect(failure.description.contains("hop limit of 2"))
    }

    @Test func `the last known ones serve while they are valid, and then no longer`() throws {
        let answers = Mutex<ScriptedReply>(.answer(200, [], json("SHORT", lifetimeSeconds: 1)))
        let server = try ScriptedServer(replying: { _ in answers.withLock { $0 } })
        defer { server.stop() }
        let bench = try Bench(policy: quickPolicy()) { $0.container = ContainerSource(url: server.url + "/c") }
        bench.cache?.start()
        #expect(bench.run { bench.keys == ["SHORT"] })
        answers.withLock { $0 = .answer(500) }
        #expect(bench.run {
            if case .stale = bench.cache?.health { true } else { false }
        })
        #expect((try? bench.cache?.current.get())?.accessKeyID == "SHORT")
        #expect(bench.run { bench.keys == ["SHORT", "-"] })
        #expect(bench.reports.contains(.expired))
        guard case .failure(let failure) = bench.cache?.current else {
            Issue.record("expired ones serve")
            return
        }
        #expect(failure.description.contains("500"))
        answers.withLock { $0 = .answer(200, [], json("NEXT", lifetimeSeconds: 3_600)) }
        #expect(bench.run { bench.keys == ["SHORT", "-", "NEXT"] })
        #expect(bench.cache?.health == .good)
    }

    @Test func `a hundred complaints bring one fetch`() throws {
        let server = try ScriptedServer(replying: { _ in .answer(200, [], json("SAME", lifetimeSeconds: 3_600)) })
        defer { server.stop() }
        let bench = try Bench { $0.container = ContainerSource(url: server.url + "/c") }
        bench.cache?.start()
        #expect(bench.run { bench.keys == ["SAME"] })
        for _ in 0 ..< 100 { bench.cache?.refused(generation: 1) }
        #expect(bench.run { server.requests.count == 2 })
        for _ in 0 ..< 100 { bench.cache?.refused(generation: 1) }
        for _ in 0 ..< 5 { bench.loop.turn(timeoutMilliseconds: 10) }
        #expect(server.requests.count == 2)
        #expect(bench.keys == ["SAME"], "the same ones are no news")
    }

    @Test func `after the stop nothing is heard`() throws {
        let server = try ScriptedServer(replying: { _ in .answer(200, [], json("A")) })
        defer { server.stop() }
        let bench = try Bench { $0.container = ContainerSource(url: server.url + "/c") }
        bench.cache?.start()
        bench.loop.turn(timeoutMilliseconds: 0)
        bench.cache?.stop()
        bench.cache?.refused(generation: 1)
        for _ in 0 ..< 20 { bench.loop.turn(timeoutMilliseconds: 10) }
        #expect(bench.snapshots.isEmpty)
        #expect(bench.reports.isEmpty)
        #expect(bench.client.transferCount == 0)
    }

    @Test func `no description of what holds a secret shows it`() {
        let credentials = Credentials(accessKeyID: "AKID", secretAccessKey: "hunter2", sessionToken: "hunter3")
        let fetched = FetchedCredentials(credentials: credentials, source: "here")
        let snapshot = CredentialSnapshot(credentials: credentials, generation: 1)
        for text in ["\(fetched)", "\(snapshot)", String(reflecting: snapshot)] {
            #expect(text.contains("AKID"))
            #expect(!text.contains("hunter"))
        }
    }
}
