/// The reference of all settings as a Markdown table, for the documentation and `sluice settings --reference`.
package enum SettingsReference {
    package static func markdown() -> String {
        var output = "| Variable | Flag | Values | Default | Meaning |\n|---|---|---|---|---|\n"
        for row in SettingsTable.rows {
            let flag = row.name.flag.map { "`\($0)`" } ?? "–"
            let secret = row.isSecret ? " Secret: never printed." : ""
            output += "| `\(row.name.rawValue)` | \(flag) | \(row.kind.summary) | \(row.fallback.summary) | "
            output += "\(row.meaning)\(secret) |\n"
        }
        return output
    }
}
