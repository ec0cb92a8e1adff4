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

    /// Words of the contract that this version refuses, rather than doing something else than they say.
    static let planned = ["trailer"]
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
    static func choice<Choice: CaseIterable & RawRepresentable<String>>(
        _ type: Choice.Type, planned: [String] = []
    ) -> SettingKind {
        .choice(type.allCases.map(\.rawValue), planned: planned)
    }
}
