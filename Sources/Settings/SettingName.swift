/// The settings that Sluice knows, by the name of their environment variable.
package enum SettingName: String, CaseIterable, Sendable {
    case bucket = "S3_BUCKET"
    case region = "AWS_REGION"
    case frontendURL = "FRONTEND_URL"
    case endpoint = "AWS_ENDPOINT_URL"
    case endpointS3 = "AWS_ENDPOINT_URL_S3"
    case endpointSSM = "AWS_ENDPOINT_URL_SSM"
    case accessKeyID = "AWS_ACCESS_KEY_ID"
    case secretAccessKey = "AWS_SECRET_ACCESS_KEY"
    case sessionToken = "AWS_SESSION_TOKEN"
    case caBundle = "AWS_CA_BUNDLE"
    case jwtSecretParameter = "JWT_SECRET_PARAMETER"
    case jwtSecret = "JWT_SECRET"
    case jwtSecretFile = "JWT_SECRET_FILE"
    case store = "SLUICE_STORE"
    case storeDirectory = "SLUICE_STORE_DIR"
    case uploadStrategy = "SLUICE_UPLOAD_STRATEGY"
    case partBytes = "SLUICE_PART_BYTES"
    case s3Payload = "SLUICE_S3_PAYLOAD"
    case spoolDirectory = "SLUICE_SPOOL_DIR"
    case spoolSlots = "SLUICE_SPOOL_SLOTS"
    case windowMemoryBytes = "SLUICE_WINDOW_MEMORY_BYTES"
    case maxUploadBytes = "SLUICE_MAX_UPLOAD_BYTES"
    case formField = "SLUICE_FORM_FIELD"
    case database = "SLUICE_DATABASE"
    case listen = "SLUICE_LISTEN"
    case adminListen = "SLUICE_ADMIN_LISTEN"
    case workers = "SLUICE_WORKERS"
    case connectionsMax = "SLUICE_CONNECTIONS_MAX"
    case headerBytesMax = "SLUICE_HEADER_BYTES_MAX"
    case requestTimeout = "SLUICE_REQUEST_TIMEOUT_SECONDS"
    case headerTimeout = "SLUICE_HEADER_TIMEOUT_SECONDS"
    case keepAlive = "SLUICE_KEEPALIVE_SECONDS"
    case bodyIdle = "SLUICE_BODY_IDLE_SECONDS"
    case minBodyRate = "SLUICE_MIN_BODY_BYTES_PER_SECOND"
    case minBodyGrace = "SLUICE_MIN_BODY_GRACE_SECONDS"
    case shutdownGrace = "SLUICE_SHUTDOWN_GRACE_SECONDS"
    case trustedRoles = "SLUICE_TRUSTED_ROLES"
    case jwtLeeway = "SLUICE_JWT_LEEWAY_SECONDS"
    case secretTTL = "SLUICE_SECRET_TTL_SECONDS"
    case publicBaseURL = "SLUICE_PUBLIC_BASE_URL"
    case logFormat = "SLUICE_LOG_FORMAT"
    case logLevel = "SLUICE_LOG_LEVEL"

    /// What Sluice's own names begin with; unknown names that do are refused.
    package static let prefix = "SLUICE_"

    /// `--x-y` for `SLUICE_X_Y`; nil for the names that other programs share, which have no flag.
    package var flag: String? {
        guard rawValue.hasPrefix(Self.prefix) else { return nil }
        return "--" + String(rawValue.dropFirst(Self.prefix.count).map { $0 == "_" ? "-" : $0 }).lowercased()
    }
}
