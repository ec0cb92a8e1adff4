/// Which origins the CORS headers allow.
package enum AllowedOrigins: Equatable, Sendable {
    case any
    /// Serialised origins (RFC 6454 § 6.2): `scheme://host[:port]`, lower case, no slash at the end.
    case list([String])

    static let originsMax = 64

    static func parse(_ text: String) -> Result<AllowedOrigins, SettingRefusal> {
        if text == "*" { return .success(.any) }
        let items = SettingList.items(text)
        guard !items.isEmpty, items.count <= originsMax else {
            return .failure(SettingRefusal("must be * or 1 to \(originsMax) origins"))
        }
        var origins: [String] = []
        for item in items {
            guard item != "*" else { return .failure(SettingRefusal("* must stand alone")) }
            switch EndpointURL.parse(item, allowsPath: false) {
            // `text` drops a default port and a slash at the end, as browsers do in the `Origin` field.
            case .success(let url): origins.append(url.text)
            case .failure(let refusal): return .failure(SettingRefusal("each origin " + refusal.message))
            }
        }
        return .success(.list(origins))
    }
}

/// Comma-separated lists.
enum SettingList {
    /// The items without the white space around them; empty items are dropped.
    static func items(_ text: String) -> [String] {
        // By bytes: to a String, a comma and a combining mark behind it are one character.
        text.utf8.split(separator: 0x2C).map { EnvironmentFile.trimmed(Substring($0)) }.filter { !$0.isEmpty }
    }
}
