internal import AWS
internal import Bytes
internal import Gateway
internal import HTTPClient
internal import HTTPWire
internal import Linux
internal import ObjectStore
internal import Serving
internal import Settings
internal import StoreStates
internal import Uploads

/// The settings, translated into what each part of the daemon takes. A value: every worker gets a copy.
struct ServicePlan: Sendable {
    enum Store: Sendable {
        case s3(S3Configuration)
        /// `publicBaseURL` nil: the listener's own `/objects/`.
        case directory(path: String, publicBaseURL: String?)
    }

    let store: Store
    let judge: Judge
    let cors: CORSPolicy
    let serving: ServingLimits
    let wire: WireLimits
    let limits: UploadServiceLimits
    let client: HTTPClientConfiguration
    let trusted: TrustedPeers
    /// nil: an address may have as many connections as it likes.
    let addressConnectionsMax: Int?
    let rates: RateGate.Limits
    let descriptors: DescriptorBudget

    /// What is read and dropped beyond the cap after an early answer, so that the client comes to read it.
    private static let drainBytesBeyondCap: UInt64 = 2 * 1024 * 1024

    /// - Parameter openFilesMax: how many descriptors this process may have open.
    init(_ settings: ResolvedSettings, isDevelopment: Bool, openFilesMax: Int) throws {
        descriptors = DescriptorBudget(
            openFilesMax: openFilesMax, connectionsMax: settings.connectionsMax, spoolSlots: settings.spoolSlots,
            workers: settings.workers)
        let uploadsMax = max(descriptors.uploadsMax / settings.workers, 1)
        let cap = UInt64(settings.maxUploadBytes)
        var policy = UploadPolicy(uploadBytesMax: cap, partBytes: UInt64(settings.partBytes))
        policy.strategy = Self.strategy(settings)
        var judge = Judge(
            policy: policy,
            leewaySeconds: settings.jwtLeewaySeconds, trustedRoles: settings.trustedRoles,
            servesDevelopment: isDevelopment)
        judge.formField = settings.formField
        judge.servesGuestTokens = settings.servesGuestTokens
        self.judge = judge
        cors =
            switch settings.allowedOrigins {
            case .any: CORSPolicy(origins: [])
            case .list(let origins): CORSPolicy(origins: origins)
            }
        serving = Self.serving(settings, cap: cap, connectionsMax: descriptors.connectionsMax)
        wire = WireLimits(headBytesMax: settings.headerBytesMax)
        limits = UploadServiceLimits(
            windowMemoryBytes: max(Int(settings.windowMemoryBytes) / settings.workers, 1 << 20),
            minBodyBytesPerSecond: settings.minBodyBytesPerSecond, uploadsMax: uploadsMax)
        var client = HTTPClientConfiguration()
        client.caBundlePath = settings.aws.caBundle
        client.connectionsMax = uploadsMax
        client.idleConnectionsMax = min(client.idleConnectionsMax, uploadsMax)
        // Aborts of uploads that are over are transfers beside those of uploads under way.
        client.transfersMax = 2 * uploadsMax
        self.client = client
        trusted = settings.trustedProxies
        addressConnectionsMax = settings.addressConnectionsMax
        rates = Self.rates(settings)
        store = try Self.store(settings)
    }

    private static func serving(_ settings: ResolvedSettings, cap: UInt64, connectionsMax: Int) -> ServingLimits {
        var limits = ServingLimits()
        limits.handshakeMilliseconds = settings.handshakeTimeoutSeconds * 1_000
        limits.headMilliseconds = settings.headerTimeoutSeconds * 1_000
        limits.bodyIdleMilliseconds = settings.bodyIdleSeconds * 1_000
        limits.bodyBytesPerSecondMin = settings.minBodyBytesPerSecond
        limits.bodyGraceMilliseconds = settings.minBodyGraceSeconds * 1_000
        limits.requestMilliseconds = settings.requestTimeoutSeconds * 1_000
        limits.keepAliveMilliseconds = settings.keepAliveSeconds * 1_000
        limits.writeIdleMilliseconds = settings.writeTimeoutSeconds * 1_000
        limits.drainBytesMax = cap + drainBytesBeyondCap
        limits.connectionsMax = max(connectionsMax / settings.workers, 1)
        return limits
    }

    private static func rates(_ all: ResolvedSettings) -> RateGate.Limits {
        let settings = all.rates
        var limits = RateGate.Limits()
        limits.address = settings.address.map { RateLimit(ratePerMinute: $0.requests, burst: $0.burst) }
        limits.subject = settings.subject.map { RateLimit(ratePerMinute: $0.requests, burst: $0.burst) }
        limits.everybody = settings.total.map { RateLimit(ratePerSecond: $0.requests, burst: $0.burst) }
        if all.servesGuestTokens {
            limits.guestTokens = settings.guestTokens.map { RateLimit(ratePerMinute: $0.requests, burst: $0.burst) }
        }
        limits.v6PrefixBits = settings.v6PrefixBits
        return limits
    }

    /// A directory is written like parts are: a file that gets its name at the end.
    private static func strategy(_ settings: ResolvedSettings) -> UploadPolicy.Strategy {
        guard case .s3 = settings.store else { return .multipart }
        return switch settings.uploadStrategy {
        case .multipart: .multipart
        case .put: .put
        case .auto: .auto
        }
    }

    /// Throws where settings that make sense each by itself ask for what the store cannot do.
    static func store(_ settings: ResolvedSettings) throws(StoreSettingError) -> Store {
        let base = settings.publicBaseURL?.text
        switch settings.store {
        case .s3(let s3):
            let configuration = try S3Configuration(
                bucket: s3.bucket, region: s3.region, endpoint: s3.endpoint?.text,
                payload: S3Payload(rawValue: s3.payload.rawValue) ?? .auto, publicBaseURL: base,
                profile: S3Profile(rawValue: s3.profile.rawValue),
                addressing: S3Addressing(rawValue: s3.addressing.rawValue) ?? .auto,
                expectedBucketOwner: s3.expectedBucketOwner, acl: s3.acl.flatMap { S3CannedACL(rawValue: $0.rawValue) })
            return .s3(configuration)
        case .directory(let path):
            return .directory(path: path, publicBaseURL: base)
        }
    }
}
