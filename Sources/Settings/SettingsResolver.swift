/// Turns what was given into settings, or into the list of everything that is wrong with it.
package enum SettingsResolver {
    /// Resolves a start's settings. Flags win over the environment, which wins over the file.
    ///
    /// - file: the parsed lines of `--env-file`, see ``EnvironmentFile``.
    /// - environment: every variable of the process; those of other programs are passed over. An empty value is as
    ///   good as none, which is what `${X:-}` in a compose file means by it.
    /// - flags: see ``SettingFlags``.
    package static func resolve(
        file: [SettingAssignment] = [], environment: [(name: String, value: String)] = [],
        flags: [SettingAssignment] = [], context: SettingsContext
    ) -> Result<SettingsResolution, SettingProblems> {
        let variables = environment.map { SettingAssignment(name: $0.name, value: $0.value, origin: .environment) }
        var given: [SettingName: SettingValue] = [:]
        var problems: [SettingProblem] = []
        for assignment in file + variables + flags {
            if let name = SettingName(rawValue: assignment.name) {
                guard !assignment.value.isEmpty else { continue }
                given[name] = SettingValue(name: name, text: assignment.value, origin: assignment.origin)
            } else if let problem = unknown(assignment) {
                problems.append(problem)
            }
        }
        let values = SettingsTable.rows.map { row in
            given[row.name]
                ?? SettingValue(name: row.name, text: row.fallback.text(in: context), origin: .fallback)
        }
        var reader = SettingReader(Dictionary(values.map { ($0.name, $0) }) { first, _ in first })
        let settings = read(from: &reader, context: context)
        problems += reader.problems
        guard problems.isEmpty else { return .failure(SettingProblems(problems)) }
        return .success(SettingsResolution(settings: settings, values: values))
    }

    private static func unknown(_ assignment: SettingAssignment) -> SettingProblem? {
        guard assignment.name.hasPrefix(SettingName.prefix), !isServiceLink(assignment) else { return nil }
        let guess = Spelling.nearest(to: assignment.name, among: SettingName.allCases.map(\.rawValue))
        let hint = guess.map { "; did you mean \($0)?" } ?? ", `sluice settings` lists those there are"
        return SettingProblem(assignment.name, "unknown setting\(hint) (from: \(assignment.origin))")
    }

    /// Kubernetes sets `SLUICE_SERVICE_HOST`, `SLUICE_PORT=tcp://…` and their like in every pod of a namespace that
    /// has a service named `sluice`; they are nobody's settings.
    /// https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
    private static func isServiceLink(_ assignment: SettingAssignment) -> Bool {
        guard assignment.origin == .environment else { return false }
        let name = assignment.name.dropFirst(SettingName.prefix.count)
        if name == "SERVICE_HOST" || name == "SERVICE_PORT" || name.hasPrefix("SERVICE_PORT_") { return true }
        if name == "PORT" { return assignment.value.contains("://") }
        let words = name.split(separator: "_", omittingEmptySubsequences: false)
        return words.count >= 3 && words[0] == "PORT" && UInt16(words[1]) != nil
            && ["TCP", "UDP", "SCTP"].contains(words[2])
    }

    private static func read(from reader: inout SettingReader, context: SettingsContext) -> ResolvedSettings {
        let store = reader.choice(.store, else: StoreKind.s3)
        let secret = secretSource(from: &reader, context: context)
        let aws = readAWS(from: &reader, store: store, secret: secret, context: context)
        let settings = ResolvedSettings(
            store: readStore(store, region: aws.region, from: &reader),
            aws: aws,
            jwtSecret: secret,
            secretTTLSeconds: reader.number(.secretTTL),
            secretGraceSeconds: reader.number(.secretGrace),
            secretStaleSeconds: reader.number(.secretStale),
            maxUploadBytes: reader.number(.maxUploadBytes),
            uploadStrategy: reader.choice(.uploadStrategy, else: .multipart),
            partBytes: reader.number(.partBytes),
            spoolDirectory: reader.path(.spoolDirectory) ?? "",
            spoolSlots: reader.count(.spoolSlots),
            windowMemoryBytes: reader.number(.windowMemoryBytes),
            formField: reader.plainText(.formField),
            database: reader.path(.database) ?? "",
            orphanAgeSeconds: reader.number(.orphanAge),
            unregisteredSeconds: reader.limit(.unregisteredTTL).map(Int64.init),
            publicBaseURL: reader.endpoint(.publicBaseURL, allowsPath: true),
            listen: reader.addresses(.listen, allowsSystemd: true),
            adminListen: readAdminListen(from: &reader),
            unixSocketPermissions: reader.permissions(.unixSocketMode),
            tls: readTLS(from: &reader),
            handshakeTimeoutSeconds: reader.number(.handshakeTimeout),
            workers: reader.count(.workers),
            connectionsMax: reader.count(.connectionsMax),
            addressConnectionsMax: reader.limit(.addressConnectionsMax),
            rates: readRates(from: &reader),
            headerBytesMax: reader.count(.headerBytesMax),
            requestTimeoutSeconds: reader.number(.requestTimeout),
            headerTimeoutSeconds: reader.number(.headerTimeout),
            keepAliveSeconds: reader.number(.keepAlive),
            bodyIdleSeconds: reader.number(.bodyIdle),
            writeTimeoutSeconds: reader.number(.writeTimeout),
            minBodyBytesPerSecond: reader.number(.minBodyRate),
            minBodyGraceSeconds: reader.number(.minBodyGrace),
            shutdownGraceSeconds: reader.number(.shutdownGrace),
            allowedOrigins: reader.origins(.frontendURL),
            trustedProxies: reader.peers(.trustedProxies),
            trustedRoles: reader.roles(.trustedRoles),
            jwtLeewaySeconds: reader.number(.jwtLeeway),
            logFormat: reader.choice(.logFormat, else: .text),
            logLevel: reader.choice(.logLevel, else: .info))
        if settings.maxUploadBytes > settings.partBytes * partsMax {
            reader.refuse(
                .maxUploadBytes, "is more than \(partsMax) parts of SLUICE_PART_BYTES, the most that S3 takes")
        }
        if settings.orphanAgeSeconds < 2 * settings.requestTimeoutSeconds {
            reader.refuse(
                .orphanAge,
                "must be at least twice SLUICE_REQUEST_TIMEOUT_SECONDS, or uploads under way could be taken for dead")
        }
        return settings
    }

    /// https://docs.aws.amazon.com/AmazonS3/latest/userguide/qfacts.html
    private static let partsMax: Int64 = 10_000

    private static func readRates(from reader: inout SettingReader) -> RateSettings {
        RateSettings(
            address: readRate(.addressRequests, .addressBurst, from: &reader),
            subject: readRate(.subjectRequests, .subjectBurst, from: &reader),
            total: readRate(.totalRequests, .totalBurst, from: &reader),
            v6PrefixBits: reader.count(.v6PrefixBits))
    }

    private static func readRate(
        _ requests: SettingName, _ burst: SettingName, from reader: inout SettingReader
    ) -> RateSettings.Rate? {
        let burst = reader.count(burst)
        return reader.limit(requests).map { RateSettings.Rate(requests: $0, burst: burst) }
    }

    private static func readAdminListen(from reader: inout SettingReader) -> ListenAddress {
        let addresses = reader.addresses(.adminListen, allowsSystemd: false)
        if addresses.count > 1 { reader.refuse(.adminListen, "must be one address") }
        return addresses.first ?? .systemd
    }

    private static func readTLS(from reader: inout SettingReader) -> TLSSettings? {
        let certificates = reader.paths(.tlsCertificate)
        let keys = reader.paths(.tlsPrivateKey)
        let clientCA = reader.path(.tlsClientCA)
        guard let certificates, let keys else {
            if certificates != nil { reader.require(.tlsPrivateKey, "with SLUICE_TLS_CERTIFICATE") }
            if keys != nil { reader.require(.tlsCertificate, "with SLUICE_TLS_PRIVATE_KEY") }
            if clientCA != nil { reader.require(.tlsCertificate, "with SLUICE_TLS_CLIENT_CA") }
            return nil
        }
        guard certificates.count == keys.count else {
            reader.refuse(
                .tlsPrivateKey, "must be as many files as SLUICE_TLS_CERTIFICATE has, which are \(certificates.count)")
            return nil
        }
        let pairs = zip(certificates, keys).map { TLSSettings.Pair(certificate: $0, privateKey: $1) }
        return TLSSettings(pairs: pairs, clientCA: clientCA)
    }

    private static func readStore(
        _ kind: StoreKind, region: String?, from reader: inout SettingReader
    ) -> StoreSettings {
        let bucket = reader.bucket(.bucket)
        let shared = reader.endpoint(.endpoint)
        let endpoint = reader.endpoint(.endpointS3) ?? shared
        let payload = reader.choice(.s3Payload, else: S3PayloadMode.auto)
        let profile = reader.choice(.s3Profile, else: S3ProfileName.auto)
        let addressing = reader.choice(.s3Addressing, else: S3AddressingStyle.auto)
        let owner = reader.accountID(.expectedBucketOwner)
        let acl = reader.optionalChoice(.s3ACL, else: S3ACLName.private)
        let directory = reader.path(.storeDirectory) ?? ""
        switch kind {
        case .directory: return .directory(path: directory)
        case .s3:
            reader.require(.bucket, "with SLUICE_STORE=s3")
            return .s3(S3Settings(
                bucket: bucket ?? "", region: region ?? "", endpoint: endpoint, payload: payload, profile: profile,
                addressing: addressing, expectedBucketOwner: owner, acl: acl))
        }
    }

    private static func secretSource(
        from reader: inout SettingReader, context: SettingsContext
    ) -> JWTSecretSource {
        let secret = reader.secret(.jwtSecret)
        let file = reader.path(.jwtSecretFile)
        let parameter = reader.plainText(.jwtSecretParameter) ?? ""
        if secret != nil, file != nil {
            reader.refuse(.jwtSecretFile, "must not be set beside JWT_SECRET: which of the two is meant?")
        }
        if let secret { return .fixed(secret) }
        if let file { return .file(path: file) }
        if let credential = context.jwtCredentialPath { return .file(path: credential) }
        if context.mode == .development, !reader.isGiven(.jwtSecretParameter) {
            return .generated(path: SettingsContext.developmentDirectory + "/jwt-secret")
        }
        return .parameter(name: parameter)
    }
}
