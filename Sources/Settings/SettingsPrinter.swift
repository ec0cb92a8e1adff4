/// What `sluice settings` prints: lines of an environment file, grouped by where the values came from.
///
/// Read back as an environment file, the lines give the same settings, but for secrets, which are only named. So are
/// defaults that would mean something else if somebody had set them.
package enum SettingsPrinter {
    package static func text(_ resolution: SettingsResolution) -> String {
        var headings: [String] = []
        var lines: [String: [String]] = [:]
        for value in resolution.values {
            let heading = heading(value)
            if lines[heading] == nil { headings.append(heading) }
            lines[heading, default: []].append(line(value))
        }
        // What somebody chose comes first, what nobody did comes last.
        let order = headings.sorted { rank($0) < rank($1) }
        return order.map { "# \($0)\n" + (lines[$0] ?? []).joined(separator: "\n") + "\n" }.joined(separator: "\n")
    }

    private static let notSet = "not set"
    private static let fallback = "defaults"

    private static func heading(_ value: SettingValue) -> String {
        guard value.text != nil else { return notSet }
        return switch value.origin {
        case .fallback: fallback
        case .file(let path, _): "from \(SettingProblem.printable(path))"
        case .environment: "from the environment"
        case .flag: "from flags"
        }
    }

    private static func rank(_ heading: String) -> Int {
        heading == notSet ? 2 : heading == fallback ? 1 : 0
    }

    private static func line(_ value: SettingValue) -> String {
        let name = value.name.rawValue
        guard let text = value.text else { return "# \(name)=" }
        let isSecret = SettingsTable.row(value.name)?.isSecret ?? true
        if isSecret { return "# \(name)=(set, not shown)" }
        let isOnlyNamed = value.origin == .fallback && value.name.isOtherwiseWhenSet
        return "\(isOnlyNamed ? "# " : "")\(name)=\(EnvironmentFile.quoted(text))"
    }
}
