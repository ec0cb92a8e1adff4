internal import Bytes
package import FuzzBasics
package import Settings

/// What settings in effect are by their texts, each read for itself: which field a text goes into, what it becomes
/// there, and which texts may not stand beside which. It refuses nothing; it compares what was taken.
package struct PlainSettings {
    private let settings: ResolvedSettings
    /// By name, those that are not set aside.
    private let texts: [String: String]

    package static func check(_ settings: ResolvedSettings, _ texts: [String: String]) throws(OracleFailure) {
        let plain = PlainSettings(settings: settings, texts: texts)
        for (name, value) in plain.numbers where Int64(texts[name] ?? "") != value {
            throw OracleFailure("\(name) is in effect as \(value)")
        }
        for (name, value) in plain.words where !plain.isSame(texts[name], value) {
            throw OracleFailure("\(name) is in effect as \(value ?? "nothing")")
        }
        for (name, url) in plain.urls {
            guard PlainURL.text(texts[name], allowsPath: name == "SLUICE_PUBLIC_BASE_URL") == url?.text
            else { throw OracleFailure("\(name) is in effect as \(url?.text ?? "nothing")") }
        }
        try plain.checkLists()
        try plain.checkSecrets()
        try plain.checkShapes()
        try plain.checkRules()
    }

    private func isSame(_ first: String?, _ second: String?) -> Bool {
        guard let first, let second else { return (first == nil) == (second == nil) }
        return first.utf8.elementsEqual(second.utf8)
    }

    /// 0 stands for what has no bound.
    private var numbers: [(String, Int64)] {
        let rates = settings.rates
        var numbers: [(String, Int64)] = [
            ("SLUICE_SECRET_TTL_SECONDS", settings.secretTTLSeconds),
            ("SLUICE_SECRET_GRACE_SECONDS", settings.secretGraceSeconds),
            ("SLUICE_SECRET_STALE_SECONDS", settings.secretStaleSeconds),
            ("SLUICE_MAX_UPLOAD_BYTES", settings.maxUploadBytes), ("SLUICE_PART_BYTES", settings.partBytes),
            ("SLUICE_SPOOL_SLOTS", Int64(settings.spoolSlots)),
            ("SLUICE_WINDOW_MEMORY_BYTES", settings.windowMemoryBytes),
            ("SLUICE_ORPHAN_AGE_SECONDS", settings.orphanAgeSeconds),
            ("SLUICE_UNREGISTERED_TTL_SECONDS", settings.unregisteredSeconds ?? 0),
            ("SLUICE_IDEMPOTENCY_TTL_SECONDS", settings.idempotencySeconds),
            ("SLUICE_IDEMPOTENCY_KEYS_MAX", settings.idempotencyKeysMax),
            ("SLUICE_HANDSHAKE_TIMEOUT_SECONDS", settings.handshakeTimeoutSeconds),
            ("SLUICE_WORKERS", Int64(settings.workers)), ("SLUICE_CONNECTIONS_MAX", Int64(settings.connectionsMax)),
            ("SLUICE_ADDRESS_CONNECTIONS_MAX", Int64(settings.addressConnectionsMax ?? 0)),
            ("SLUICE_HEADER_BYTES_MAX", Int64(settings.headerBytesMax)),
            ("SLUICE_REQUEST_TIMEOUT_SECONDS", settings.requestTimeoutSeconds),
            ("SLUICE_HEADER_TIMEOUT_SECONDS", settings.headerTimeoutSeconds),
            ("SLUICE_KEEPALIVE_SECONDS", settings.keepAliveSeconds),
            ("SLUICE_BODY_IDLE_SECONDS", settings.bodyIdleSeconds),
            ("SLUICE_WRITE_TIMEOUT_SECONDS", settings.writeTimeoutSeconds),
            ("SLUICE_MIN_BODY_BYTES_PER_SECOND", settings.minBodyBytesPerSecond),
            ("SLUICE_MIN_BODY_GRACE_SECONDS", settings.minBodyGraceSeconds),
            ("SLUICE_SHUTDOWN_GRACE_SECONDS", settings.shutdownGraceSeconds),
            ("SLUICE_JWT_LEEWAY_SECONDS", settings.jwtLeewaySeconds),
            ("SLUICE_IPV6_PREFIX_BITS", Int64(rates.v6PrefixBits)),
        ]
        for (requests, burst, rate) in [
            ("SLUICE_ADDRESS_REQUESTS_PER_MINUTE", "SLUICE_ADDRESS_REQUESTS_BURST", rates.address),
            ("SLUICE_SUBJECT_REQUESTS_PER_MINUTE", "SLUICE_SUBJECT_REQUESTS_BURST", rates.subject),
            ("SLUICE_TOTAL_REQUESTS_PER_SECOND", "SLUICE_TOTAL_REQUESTS_BURST", rates.total),
            ("SLUICE_ADDRESS_GUEST_TOKENS_PER_MINUTE", "SLUICE_ADDRESS_GUEST_TOKENS_BURST", rates.guestTokens),
        ] {
            numbers.append((requests, Int64(rate?.requests ?? 0)))
            if let rate { numbers.append((burst, Int64(rate.burst))) }
        }
        return numbers
    }

    /// What stays as it was written.
    private var words: [(String, String?)] {
        var words: [(String, String?)] = [
            ("SLUICE_UPLOAD_STRATEGY", settings.uploadStrategy.rawValue),
            ("SLUICE_SPOOL_DIR", settings.spoolDirectory), ("SLUICE_FORM_FIELD", settings.formField),
            ("SLUICE_DATABASE", settings.database), ("SLUICE_LOG_FORMAT", settings.logFormat.rawValue),
            ("SLUICE_LOG_LEVEL", settings.logLevel.rawValue),
            ("SLUICE_GUEST_TOKENS", settings.servesGuestTokens ? "on" : "off"), ("AWS_REGION", settings.aws.region),
            ("AWS_CA_BUNDLE", settings.aws.caBundle), ("AWS_PROFILE", settings.aws.chain.profile),
            ("AWS_ROLE_SESSION_NAME", settings.aws.chain.roleSessionName),
        ]
        switch settings.store {
        case .directory(let path): words += [("SLUICE_STORE", "directory"), ("SLUICE_STORE_DIR", path)]
        case .s3(let s3):
            words += [
                ("SLUICE_STORE", "s3"), ("S3_BUCKET", s3.bucket), ("AWS_REGION", s3.region),
                ("SLUICE_S3_PAYLOAD", s3.payload.rawValue), ("SLUICE_S3_PROFILE", s3.profile.rawValue),
                ("SLUICE_S3_ADDRESSING", s3.addressing.rawValue), ("SLUICE_S3_ACL", s3.acl?.rawValue),
                ("SLUICE_S3_EXPECTED_BUCKET_OWNER", s3.expectedBucketOwner),
            ]
        }
        if let tls = settings.tls { words.append(("SLUICE_TLS_CLIENT_CA", tls.clientCA)) }
        return words
    }

    /// One that is set for a service counts before the one for all.
    private var urls: [(String, EndpointURL?)] {
        let aws = settings.aws
        var urls: [(String, EndpointURL?)] = [("SLUICE_PUBLIC_BASE_URL", settings.publicBaseURL)]
        func add(_ name: String, _ url: EndpointURL?) {
            urls.append((texts[name] == nil ? "AWS_ENDPOINT_URL" : name, url))
        }
        add("AWS_ENDPOINT_URL_SSM", aws.ssmEndpoint)
        add("AWS_ENDPOINT_URL_STS", aws.stsEndpoint)
        if case .s3(let s3) = settings.store { add("AWS_ENDPOINT_URL_S3", s3.endpoint) }
        if texts["AWS_EC2_METADATA_DISABLED"]?.lowercased() == "false" {
            urls.append(("AWS_EC2_METADATA_SERVICE_ENDPOINT", aws.chain.metadataEndpoint))
        }
        return urls
    }

    /// Without the white space around them, and without those that are nothing.
    private func items(_ name: String) -> [String] {
        let blanks: [UInt8] = [0x20, 0x09, 0x0D]
        return (texts[name] ?? "").utf8.split(separator: 0x2C).map { item in
            var bytes = Array(item)
            while let first = bytes.first, blanks.contains(first) { bytes.removeFirst() }
            while let last = bytes.last, blanks.contains(last) { bytes.removeLast() }
            return String(decoding: bytes, as: UTF8.self)
        }.filter { !$0.isEmpty }
    }

    private func checkLists() throws(OracleFailure) {
        let roles = items("SLUICE_TRUSTED_ROLES")
        let isNobody = texts["SLUICE_TRUSTED_ROLES"] == "none"
        guard settings.trustedRoles == (isNobody ? [] : roles), !settings.trustedRoles.contains("USER"),
            !settings.trustedRoles.contains("GUEST"), !settings.trustedRoles.contains("none"),
            isNobody || !roles.isEmpty
        else { throw OracleFailure("trusted are \(settings.trustedRoles)") }
        let peers = items("SLUICE_TRUSTED_PROXIES")
        guard settings.trustedProxies.includesUnixSockets == peers.contains("unix"),
            settings.trustedProxies.isEmpty == (peers == ["none"])
        else { throw OracleFailure("trusted are \(settings.trustedProxies)") }
        let origins = items("FRONTEND_URL").map { PlainURL.text($0, allowsPath: false) ?? "?" }
        switch settings.allowedOrigins {
        case .any: guard texts["FRONTEND_URL"] == "*" else { throw OracleFailure("any origin is allowed") }
        case .list(let list): guard list == origins, !list.isEmpty else { throw OracleFailure("allowed are \(list)") }
        }
        guard settings.listen.map(\.text) == items("SLUICE_LISTEN").map(Self.listener),
            [settings.adminListen.text] == items("SLUICE_ADMIN_LISTEN").map(Self.listener)
        else { throw OracleFailure("listened is at \(settings.listen) and \(settings.adminListen)") }
        guard UInt32(texts["SLUICE_UNIX_SOCKET_MODE"] ?? "", radix: 8) == settings.unixSocketPermissions
        else { throw OracleFailure("SLUICE_UNIX_SOCKET_MODE is in effect as \(settings.unixSocketPermissions)") }
        let certificates = settings.tls?.pairs.map(\.certificate) ?? []
        let keys = settings.tls?.pairs.map(\.privateKey) ?? []
        guard certificates == items("SLUICE_TLS_CERTIFICATE"), keys == items("SLUICE_TLS_PRIVATE_KEY"),
            settings.tls != nil || texts["SLUICE_TLS_CLIENT_CA"] == nil
        else { throw OracleFailure("other certificates are in effect") }
    }

    /// As it is written again; what is no listener is `?`.
    private static func listener(_ text: String) -> String {
        if text == "systemd" || text.hasPrefix("unix:/") { return text }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard parts.count > 1, let last = parts.last, let port = UInt16(last), last.utf8.first != 0x2B
        else { return "?" }
        let host = parts.dropLast().joined(separator: ":")
        if host == "localhost" { return "127.0.0.1:\(port)" }
        let isBracketed = host.hasPrefix("[") && host.hasSuffix("]")
        return isBracketed == host.contains(":") ? "\(host):\(port)" : "?"
    }
}

/// What is asked of several texts at once.
extension PlainSettings {
    private func secret(_ name: String) -> SecretText? { texts[name].map { SecretText($0) } }

    private func checkSecrets() throws(OracleFailure) {
        let isRight =
            switch settings.jwtSecret {
            case .fixed(let secret): secret == self.secret("JWT_SECRET") && texts["JWT_SECRET_FILE"] == nil
            case .file(let path):
                texts["JWT_SECRET"] == nil && isSame(texts["JWT_SECRET_FILE"] ?? path, path)
            case .parameter(let name):
                isSame(texts["JWT_SECRET_PARAMETER"], name) && texts["JWT_SECRET"] == nil
                    && texts["JWT_SECRET_FILE"] == nil && settings.aws.region != nil
            case .generated: texts["JWT_SECRET"] == nil && texts["JWT_SECRET_FILE"] == nil
            }
        guard isRight else { throw OracleFailure("the secret is that of another source") }
        let keys = settings.aws.credentials
        guard isSame(texts["AWS_ACCESS_KEY_ID"], keys?.accessKeyID),
            secret("AWS_SECRET_ACCESS_KEY") == keys?.secretAccessKey,
            keys == nil || secret("AWS_SESSION_TOKEN") == keys?.sessionToken
        else { throw OracleFailure("the keys are others") }
        let chain = settings.aws.chain
        guard chain.takesMetadataVersion1 == (texts["AWS_EC2_METADATA_V1_DISABLED"]?.lowercased() == "false"),
            (chain.metadataEndpoint == nil) == (texts["AWS_EC2_METADATA_DISABLED"]?.lowercased() == "true")
        else { throw OracleFailure("the instance's metadata is asked, or not, as nobody said") }
        guard (chain.webIdentity == nil) == (texts["AWS_WEB_IDENTITY_TOKEN_FILE"] == nil),
            chain.webIdentity == nil || isSame(chain.webIdentity?.roleARN, texts["AWS_ROLE_ARN"])
        else { throw OracleFailure("another role is taken") }
        let path = texts["AWS_CONTAINER_CREDENTIALS_RELATIVE_URI"].map { "http://169.254.170.2" + $0 }
        let url = path ?? texts["AWS_CONTAINER_CREDENTIALS_FULL_URI"]
        guard chain.container?.url == url.map({ SecretText($0) }), url.map(PlainURL.isNear) ?? true,
            chain.container == nil || chain.container?.token == secret("AWS_CONTAINER_AUTHORIZATION_TOKEN")
                && isSame(chain.container?.tokenFile, texts["AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"])
        else { throw OracleFailure("a container is asked that should not be") }
    }

    /// Letters and digits of ASCII and `others`, so many.
    private static func isShort(_ text: String?, _ lengths: ClosedRange<Int>, _ others: String) -> Bool {
        guard let text else { return true }
        return lengths.contains(text.utf8.count)
            && text.utf8.allSatisfy { PlainBytes.isAlphanumeric($0) || others.utf8.contains($0) }
    }

    /// What names of others' may be made of, and how many of a list there may be.
    private func checkShapes() throws(OracleFailure) {
        if case .s3(let s3) = settings.store {
            let ends = [s3.bucket.first, s3.bucket.last].map { $0.map(String.init) }
            guard Self.isShort(s3.bucket, 3 ... 255, "-._"), ends.allSatisfy({ Self.isShort($0, 1 ... 1, "") })
            else { throw OracleFailure("a bucket is called \(s3.bucket)") }
        }
        guard Self.isShort(settings.aws.region, 1 ... 64, "-_"),
            Self.isShort(settings.aws.chain.roleSessionName, 2 ... 64, "_+=,.@-"),
            settings.trustedRoles.allSatisfy({ Self.isShort($0, 1 ... 64, "-_") })
        else { throw OracleFailure("a region, role or session of another shape") }
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_ROLE_ARN"] {
            guard (texts[name] ?? "").utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F })
            else { throw OracleFailure("\(name) does not fit in a field") }
        }
        let origins = if case .list(let list) = settings.allowedOrigins { list.count } else { 0 }
        guard settings.trustedRoles.count <= 16, settings.listen.count <= 16, !settings.listen.isEmpty, origins <= 64,
            settings.tls?.pairs.count ?? 0 <= 64
        else { throw OracleFailure("a list that is too long") }
    }

    private func checkRules() throws(OracleFailure) {
        guard settings.maxUploadBytes <= settings.partBytes * 10_000,
            settings.orphanAgeSeconds >= 2 * settings.requestTimeoutSeconds,
            settings.idempotencySeconds >= settings.requestTimeoutSeconds
        else { throw OracleFailure("times or sizes that do not go together") }
        let rates = settings.rates
        let bounds = [
            rates.address?.requests, rates.subject?.requests, rates.total?.requests, rates.guestTokens?.requests,
            settings.addressConnectionsMax, settings.unregisteredSeconds.map { Int($0) },
        ]
        guard !bounds.contains(0) else { throw OracleFailure("a bound that lets nothing pass") }
    }
}

/// URLs as they are meant, by their bytes.
enum PlainURL {
    /// In lower case up to the path, without a port that is the scheme's own and without slashes at the end; nil where
    /// it is none, or has anything but scheme, host, port and path.
    static func text(_ text: String?, allowsPath: Bool) -> String? {
        guard let text, text.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && !"@?#\\\"<>^`{|}".utf8.contains($0) }),
            let (scheme, authority, rest) = parts(text), let (host, port) = hostAndPort(authority)
        else { return nil }
        var path = rest
        while path.last == "/" { path.removeLast() }
        guard allowsPath || path.isEmpty else { return nil }
        let isUsual = port == nil || port == (scheme == "https" ? 443 : 80)
        return "\(scheme)://\(host)" + (isUsual ? "" : ":\(port ?? 0)") + path
    }

    /// Whether a container's credentials may come from there: over TLS, or from this machine and its agents.
    static func isNear(_ text: String) -> Bool {
        guard let (scheme, authority, _) = parts(text), let (host, _) = hostAndPort(authority) else { return false }
        if scheme == "https" || host == "localhost" { return true }
        let bare = host.filter { $0 != "[" && $0 != "]" }
        guard let address = PlainAuthority.address(bare) else { return false }
        let agents = ["169.254.170.2", "169.254.170.23", "::1", "fd00:ec2::23"].map(PlainAuthority.address)
        return agents.contains(address) || address.v4.map { $0 >> 24 == 127 } ?? false
    }

    private static func parts(_ text: String) -> (scheme: String, authority: String, rest: String)? {
        for scheme in ["https", "http"] where text.lowercased().hasPrefix(scheme + "://") {
            let rest = text.dropFirst(scheme.count + 3)
            let authority = rest.prefix { $0 != "/" && $0 != "?" }
            return (scheme, authority.lowercased(), String(rest.dropFirst(authority.count)))
        }
        return nil
    }

    private static func hostAndPort(_ authority: String) -> (host: String, port: UInt16?)? {
        let allowed = "abcdefghijklmnopqrstuvwxyz0123456789-._"
        var host = authority
        var port: UInt16?
        if let colon = authority.lastIndex(of: ":"), !authority[colon...].contains("]") {
            let digits = authority[authority.index(after: colon)...]
            guard digits.allSatisfy({ "0123456789".contains($0) }), let number = UInt16(digits), number > 0
            else { return nil }
            (host, port) = (String(authority[..<colon]), number)
        }
        guard !host.isEmpty, host.utf8.count <= 255 else { return nil }
        if host.hasPrefix("[") {
            let inner = host.dropFirst().dropLast()
            let isRight = host.hasSuffix("]") && inner.contains(":")
            return isRight && inner.allSatisfy { "0123456789abcdef:.".contains($0) } ? (host, port) : nil
        }
        let isRight = host.allSatisfy { allowed.contains($0) } && host.first != "." && host.first != "-"
        return isRight ? (host, port) : nil
    }
}
