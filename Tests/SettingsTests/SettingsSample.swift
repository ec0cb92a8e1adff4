import Settings

/// Sources of settings with little to write.
enum SettingsSample {
    static let s3: [String: String] = [
        "S3_BUCKET": "images", "AWS_REGION": "ap-northeast-2", "AWS_ACCESS_KEY_ID": "AKIAEXAMPLE",
        "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/EXAMPLEKEY",
    ]

    static func resolve(
        _ changes: [String: String] = [:], file: String = "", flags: [String] = [],
        context: SettingsContext = SettingsContext()
    ) -> Result<SettingsResolution, SettingProblems> {
        let split = SettingFlags.split(flags)
        let environment = s3.merging(changes) { _, new in new }.map { (name: $0.key, value: $0.value) }
        return EnvironmentFile.parse([UInt8](file.utf8), path: "sluice.env").flatMap { lines in
            SettingsResolver.resolve(
                file: lines, environment: environment, flags: split.assignments, context: context)
        }
    }

    static func settings(
        _ changes: [String: String] = [:], file: String = "", flags: [String] = [],
        context: SettingsContext = SettingsContext()
    ) throws -> ResolvedSettings {
        try resolve(changes, file: file, flags: flags, context: context).get().settings
    }

    /// The problems as the lines that stand on the terminal.
    static func problems(
        _ changes: [String: String], file: String = "", flags: [String] = [],
        context: SettingsContext = SettingsContext()
    ) -> [String] {
        switch resolve(changes, file: file, flags: flags, context: context) {
        case .success: []
        case .failure(let problems): problems.all.map(\.description)
        }
    }
}
