/// Which object store is served: `SLUICE_STORE`.
package enum StoreKind: String, CaseIterable, Sendable {
    case s3
    case directory
}

/// How an object is written: `SLUICE_UPLOAD_STRATEGY`.
package enum UploadStrategy: String, CaseIterable, Sendable {
    case multipart
    case put
    case auto
}

/// How payloads are signed: `SLUICE_S3_PAYLOAD`.
package enum S3PayloadMode: String, CaseIterable, Sendable {
    case auto
    case unsigned
    case signed
    case trailer
}

/// What the store can do: `SLUICE_S3_PROFILE`.
package enum S3ProfileName: String, CaseIterable, Sendable {
    case auto
    case aws
    case r2
    case minio
    case generic
}

/// Where the bucket stands in URLs: `SLUICE_S3_ADDRESSING`.
package enum S3AddressingStyle: String, CaseIterable, Sendable {
    case auto
    case path
    case virtual
}

/// A canned ACL: `SLUICE_S3_ACL`.
package enum S3ACLName: String, CaseIterable, Sendable {
    case `private`
    case publicRead = "public-read"
    case publicReadWrite = "public-read-write"
    case authenticatedRead = "authenticated-read"
    case awsExecRead = "aws-exec-read"
    case bucketOwnerRead = "bucket-owner-read"
    case bucketOwnerFullControl = "bucket-owner-full-control"
}

/// Something that is served or not.
package enum Switch: String, CaseIterable, Sendable {
    case off
    case on
}

/// A switch of AWS's, in any case.
package enum Truth: String, CaseIterable, Sendable {
    case `true`
    case `false`
}

/// The form of log lines: `SLUICE_LOG_FORMAT`.
package enum LogFormat: String, CaseIterable, Sendable {
    case text
    case json
    case journal
}

/// The least severe lines that are logged: `SLUICE_LOG_LEVEL`.
package enum LogLevel: String, CaseIterable, Sendable {
    case trace
    case debug
    case info
    case notice
    case warning
    case error
    case critical
}

extension SettingKind {
    static func choice<Choice: CaseIterable & RawRepresentable<String>>(_ type: Choice.Type) -> SettingKind {
        .choice(type.allCases.map(\.rawValue))
    }
}
