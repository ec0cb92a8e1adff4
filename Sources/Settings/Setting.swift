/// One row of the settings table.
package struct Setting: Sendable {
    package let name: SettingName
    package let kind: SettingKind
    package let fallback: SettingDefault
    /// One sentence or two: what it is, and why the default is what it is.
    package let meaning: String
    /// Whether the value is never to be printed, not even in the line that refuses it.
    package let isSecret: Bool

    package init(
        _ name: SettingName, _ kind: SettingKind, _ fallback: SettingDefault, _ meaning: String, isSecret: Bool = false
    ) {
        self.name = name
        self.kind = kind
        self.fallback = fallback
        self.meaning = meaning
        self.isSecret = isSecret
    }
}

/// What a setting is when nobody sets it.
package enum SettingDefault: Sendable {
    /// Not set; `summary` says what that means.
    case unset(summary: String)
    case fixed(String)
    /// Depends on where Sluice runs; `summary` says how.
    case computed(summary: String, @Sendable (SettingsContext) -> String?)

    package func text(in context: SettingsContext) -> String? {
        switch self {
        case .unset: nil
        case .fixed(let text): text
        case .computed(_, let compute): compute(context)
        }
    }

    /// For the reference.
    package var summary: String {
        switch self {
        case .unset(let summary), .computed(let summary, _): summary
        case .fixed(let text): "`\(text)`"
        }
    }
}
