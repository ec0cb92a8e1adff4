import Bytes
import Settings
import Testing

@Suite struct SettingsResolverTests {
    @Test func `with the required settings alone everything has the contract's default`() throws {
        let settings = try SettingsSample.settings(context: SettingsContext(cores: 4))
        guard case .s3(let s3) = settings.store else { return #expect(Bool(false), "the store is s3") }
        #expect(s3.bucket == "images")
        #expect(s3.region == "ap-northeast-2")
        #expect(s3.endpoint == nil)
        #expect(s3.payload == .auto)
        #expect(settings.jwtSecret == .parameter(name: "/community/JWT_SECRET"))
        #expect(settings.aws.credentials?.accessKeyID == "AKIAEXAMPLE")
        #expect(settings.maxUploadBytes == 5_242_880)
        #expect(settings.partBytes == 5_242_880)
        #expect(settings.uploadStrategy == .multipart)
        #expect(settings.spoolDirectory == "/var/tmp")
        #expect(settings.spoolSlots == 64)
        #expect(settings.windowMemoryBytes == 134_217_728)
        #expect(settings.database == "/var/lib/sluice/sluice.sqlite")
        #expect(settings.listen == [.address(host: "::", port: 8080)])
        #expect(settings.adminListen == .address(host: "127.0.0.1", port: 9180))
        #expect(settings.workers == 4)
        #expect(settings.headerBytesMax == 10_240)
        #expect(settings.requestTimeoutSeconds == 60)
        #expect(settings.minBodyBytesPerSecond == 1024)
        #expect(settings.minBodyGraceSeconds == 10)
        #expect(settings.allowedOrigins == .any)
        #expect(settings.trustedProxies.isEmpty)
        #expect(settings.trustedRoles == ["SERVICE"])
        #expect(settings.jwtLeewaySeconds == 0)
        #expect(settings.publicBaseURL == nil)
        #expect(settings.logFormat == .json)
    }

    @Test func `a flag wins over the environment, which wins over the file`() throws {
        let file = "SLUICE_WORKERS=1\nSLUICE_SPOOL_SLOTS=10\nSLUICE_PART_BYTES=6000000"
        let environment = ["SLUICE_WORKERS": "2", "SLUICE_SPOOL_SLOTS": "20"]
        let resolution = try SettingsSample.resolve(environment, file: file, flags: ["--workers", "3"]).get()
        #expect(resolution.settings.workers == 3)
        #expect(resolution.settings.spoolSlots == 20)
        #expect(resolution.settings.partBytes == 6_000_000)
        func origin(_ name: SettingName) -> SettingOrigin? { resolution.values.first { $0.name == name }?.origin }
        #expect(origin(.workers) == .flag)
        #expect(origin(.spoolSlots) == .environment)
        #expect(origin(.partBytes) == .file(path: "sluice.env", line: 3))
        #expect(origin(.logLevel) == .fallback)
    }

    @Test func `an empty value is as good as none`() throws {
        #expect(try SettingsSample.settings(["SLUICE_WORKERS": "", "FRONTEND_URL": ""]).workers == 1)
        #expect(SettingsSample.problems(["S3_BUCKET": ""])
            == ["S3_BUCKET: is not set: needed with SLUICE_STORE=s3"])
    }

    @Test func `systemd's directories move the database and the spool`() throws {
        let context = SettingsContext(stateDirectory: "/var/lib/a:/var/lib/b", cacheDirectory: "/var/cache/a")
        let settings = try SettingsSample.settings(["SLUICE_STORE": "directory"], context: context)
        #expect(settings.database == "/var/lib/a/sluice.sqlite")
        #expect(settings.store == .directory(path: "/var/lib/a/objects"))
        #expect(settings.spoolDirectory == "/var/cache/a")
    }

    @Test func `development mode needs nothing at all`() throws {
        let context = SettingsContext(mode: .development, stateDirectory: "/var/lib/a", isUnderJournal: true)
        let settings = try SettingsResolver.resolve(context: context).get().settings
        #expect(settings.store == .directory(path: ".sluice-dev/objects"))
        #expect(settings.database == ".sluice-dev/sluice.sqlite")
        #expect(settings.jwtSecret == .generated(path: ".sluice-dev/jwt-secret"))
        #expect(settings.logFormat == .text)
        #expect(settings.spoolDirectory == ".sluice-dev")
        #expect(settings.aws.credentials == nil)
    }

    @Test func `the log format follows where the lines go`() throws {
        func format(_ context: SettingsContext) throws -> LogFormat {
            try SettingsSample.settings(context: context).logFormat
        }
        #expect(try format(SettingsContext(isTerminal: true)) == .text)
        #expect(try format(SettingsContext(isUnderJournal: true)) == .journal)
        #expect(try format(SettingsContext()) == .json)
    }

    @Test func `the secret's source is the nearest one given`() throws {
        let credential = SettingsContext(jwtCredentialPath: "/run/credentials/sluice/jwt-secret")
        func source(_ changes: [String: String], _ context: SettingsContext) throws -> JWTSecretSource {
            try SettingsSample.settings(changes, context: context).jwtSecret
        }
        #expect(try source(["JWT_SECRET": "abc"], credential) == .fixed(SecretText("abc")))
        #expect(try source(["JWT_SECRET_FILE": "/x"], credential) == .file(path: "/x"))
        #expect(try source([:], credential) == .file(path: "/run/credentials/sluice/jwt-secret"))
        #expect(try source(["JWT_SECRET_PARAMETER": "/p"], SettingsContext()) == .parameter(name: "/p"))
        let development = SettingsContext(mode: .development)
        #expect(try source(["JWT_SECRET_PARAMETER": "/p"], development) == .parameter(name: "/p"))
        #expect(SettingsSample.problems(["JWT_SECRET": "abc", "JWT_SECRET_FILE": "/x"]).count == 1)
    }

    @Test func `a directory store with a secret of its own needs no AWS at all`() throws {
        let environment = [("SLUICE_STORE", "directory"), ("JWT_SECRET_FILE", "/x")].map { (name: $0.0, value: $0.1) }
        let context = SettingsContext()
        let settings = try SettingsResolver.resolve(environment: environment, context: context).get().settings
        #expect(settings.aws.credentials == nil)
        let withoutSecret = SettingsResolver.resolve(environment: [environment[0]], context: context)
        guard case .failure(let problems) = withoutSecret else { return #expect(Bool(false), "must be refused") }
        #expect(problems.all.map(\.subject) == ["AWS_REGION"])
    }

    @Test func `an endpoint of one service wins over the common one`() throws {
        let settings = try SettingsSample.settings([
            "AWS_ENDPOINT_URL": "http://127.0.0.1:5000/", "AWS_ENDPOINT_URL_S3": "https://MINIO.example:9000",
        ])
        guard case .s3(let s3) = settings.store else { return #expect(Bool(false), "the store is s3") }
        #expect(s3.endpoint?.text == "https://minio.example:9000")
        #expect(settings.aws.ssmEndpoint?.text == "http://127.0.0.1:5000")
        #expect(settings.aws.ssmEndpoint?.authority == "127.0.0.1:5000")
    }

    @Test func `trusted proxies are ranges, single addresses and the word unix`() throws {
        func peers(_ text: String) throws -> TrustedPeers {
            try SettingsSample.settings(["SLUICE_TRUSTED_PROXIES": text]).trustedProxies
        }
        let all = try peers("10.0.0.0/8, 2001:db8::/32,unix ,192.0.2.1")
        #expect(all.ranges.ranges.map(\.description) == ["10.0.0.0/8", "2001:db8::/32", "192.0.2.1"])
        #expect(all.includesUnixSockets)
        #expect(try peers("unix") == TrustedPeers(includesUnixSockets: true))
        #expect(try peers("::1").includesUnixSockets == false)
        #expect(try peers("none").isEmpty)
    }

    @Test func `values of other programs are passed over`() throws {
        let others = ["PATH": "/bin", "AWS_PROFILE": "x", "JWT_SECRETS": "y", "_": "\u{1}"]
        _ = try SettingsSample.settings(others)
    }

    @Test(arguments: ["SLUICE_SERVICE_HOST", "SLUICE_SERVICE_PORT", "SLUICE_SERVICE_PORT_HTTP", "SLUICE_PORT",
        "SLUICE_PORT_8080_TCP", "SLUICE_PORT_8080_TCP_ADDR"])
    func `what Kubernetes sets for a service named sluice is passed over`(name: String) throws {
        _ = try SettingsSample.settings([name: "tcp://10.0.0.1:8080"])
        #expect(SettingsSample.problems([:], file: name + "=tcp://10.0.0.1:8080").count == 1)
    }
}
