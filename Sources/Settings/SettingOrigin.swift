/// Where a value came from.
package enum SettingOrigin: Equatable, Sendable {
    case fallback
    case file(path: String, line: Int)
    case environment
    case flag
}

extension SettingOrigin: CustomStringConvertible {
    package var description: String {
        switch self {
        case .fallback: "default"
        case .file(let path, let line): "\(path), line \(line)"
        case .environment: "environment"
        case .flag: "flag"
        }
    }
}

/// One `name = value` of one source, not yet judged.
package struct SettingAssignment: Equatable, Sendable {
    package let name: String
    package let value: String
    package let origin: SettingOrigin

    package init(name: String, value: String, origin: SettingOrigin) {
        self.name = name
        self.value = value
        self.origin = origin
    }
}

/// One setting as it is in effect.
package struct SettingValue: Equatable, Sendable {
    package let name: SettingName
    /// The text that was judged; nil when the setting is not set. Printing goes through ``SettingsPrinter``, which
    /// knows what is secret.
    package let text: String?
    package let origin: SettingOrigin
}
