package import Bytes

/// The settings in effect, judged and typed. What is not written here was refused.
package struct ResolvedSettings: Equatable, Sendable {
    package let store: StoreSettings
    package let aws: AWSSettings
    package let jwtSecret: JWTSecretSource
    package let secretTTLSeconds: Int64
    package let secretGraceSeconds: Int64
    package let secretStaleSeconds: Int64

    package let maxUploadBytes: Int64
    package let uploadStrategy: UploadStrategy
    package let partBytes: Int64
    package let spoolDirectory: String
    package let spoolSlots: Int
    package let windowMemoryBytes: Int64
    /// nil: any part with a file name.
    package let formField: String?
    package let database: String
    package let orphanAgeSeconds: Int64
    /// nil: images that nobody registers are kept.
    package let unregisteredSeconds: Int64?
    package let publicBaseURL: EndpointURL?

    package let listen: [ListenAddress]
    package let adminListen: ListenAddress
    package let unixSocketPermissions: UInt32
    /// nil: the public listeners speak plain HTTP.
    package let tls: TLSSettings?
    package let handshakeTimeoutSeconds: Int64
    package let workers: Int
    package let connectionsMax: Int
    /// Connections of one address; nil: as many as it likes.
    package let addressConnectionsMax: Int?
    package let rates: RateSettings
    package let headerBytesMax: Int
    package let requestTimeoutSeconds: Int64
    package let headerTimeoutSeconds: Int64
    package let keepAliveSeconds: Int64
    package let bodyIdleSeconds: Int64
    package let writeTimeoutSeconds: Int64
    /// 0: no minimum.
    package let minBodyBytesPerSecond: Int64
    package let minBodyGraceSeconds: Int64
    package let shutdownGraceSeconds: Int64
    package let allowedOrigins: AllowedOrigins

    /// Whose `X-Forwarded-For`, `Forwarded`, `x-request-id` and PROXY protocol are believed.
    package let trustedProxies: TrustedPeers
    package let trustedRoles: [String]
    package let jwtLeewaySeconds: Int64
    package let logFormat: LogFormat
    package let logLevel: LogLevel
}

/// The files of TLS on the public listeners.
package struct TLSSettings: Equatable, Sendable {
    package struct Pair: Equatable, Sendable {
        package let certificate: String
        package let privateKey: String
    }

    /// At least one.
    package let pairs: [Pair]
    /// nil: clients need no certificate.
    package let clientCA: String?
}

/// How often callers may ask.
package struct RateSettings: Equatable, Sendable {
    /// Requests in a time, and how many at once.
    package struct Rate: Equatable, Sendable {
        package let requests: Int
        package let burst: Int
    }

    /// Of one address, a minute; nil: as often as it likes.
    package let address: Rate?
    /// Of one `sub`, a minute.
    package let subject: Rate?
    /// Of all together, a second.
    package let total: Rate?
    /// How much of an IPv6 address is one caller.
    package let v6PrefixBits: Int
}

/// The object store.
package enum StoreSettings: Equatable, Sendable {
    case s3(S3Settings)
    case directory(path: String)
}

package struct S3Settings: Equatable, Sendable {
    package let bucket: String
    package let region: String
    /// nil: AWS's own.
    package let endpoint: EndpointURL?
    package let payload: S3PayloadMode
    package let profile: S3ProfileName
    package let addressing: S3AddressingStyle
    /// Twelve digits; nil: not asked for.
    package let expectedBucketOwner: String?
    /// nil: not asked for.
    package let acl: S3ACLName?
}

/// What requests to AWS need, whichever service they go to.
package struct AWSSettings: Equatable, Sendable {
    /// Always there when the store is s3 or the secret comes from SSM.
    package let region: String?
    /// Those of the environment. Without them the rest of the chain is asked.
    package let credentials: AWSCredentialSettings?
    package let chain: CredentialChainSettings
    /// nil: AWS's own.
    package let ssmEndpoint: EndpointURL?
    /// nil: AWS's own.
    package let stsEndpoint: EndpointURL?
    package let caBundle: String?
}

package struct AWSCredentialSettings: Equatable, Sendable {
    package let accessKeyID: String
    package let secretAccessKey: SecretText
    package let sessionToken: SecretText?
}

/// The sources of credentials behind the environment.
package struct CredentialChainSettings: Equatable, Sendable {
    /// A file of profiles; `isGiven`: somebody named it, so it has to be there.
    package struct SharedFile: Equatable, Sendable {
        package let path: String
        package let isGiven: Bool
    }

    package struct WebIdentity: Equatable, Sendable {
        package let tokenFile: String
        package let roleARN: String
    }

    package struct Container: Equatable, Sendable {
        /// One whose host may be asked; its path may be a secret.
        package let url: SecretText
        package let token: SecretText?
        package let tokenFile: String?
    }

    /// nil: `default`, if it is there.
    package let profile: String?
    package let credentialsFile: SharedFile?
    package let configFile: SharedFile?
    package let webIdentity: WebIdentity?
    package let roleSessionName: String
    package let container: Container?
    /// nil: the instance's metadata is not to be asked.
    package let metadataEndpoint: EndpointURL?
}

/// Where the tokens' secret comes from.
package enum JWTSecretSource: Equatable, Sendable {
    case fixed(SecretText)
    /// `JWT_SECRET_FILE` or the systemd credential.
    case file(path: String)
    /// `--dev`: read from this file, which is made with a random secret when it is not there.
    case generated(path: String)
    /// The SSM parameter of this name.
    case parameter(name: String)
}

/// Settings together with where each came from.
package struct SettingsResolution: Sendable {
    package let settings: ResolvedSettings
    /// One for each row of the table, in its order.
    package let values: [SettingValue]
}
