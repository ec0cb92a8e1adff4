/// What a setting counts.
package enum SettingUnit: String, Sendable {
    case bytes
    case bytesPerSecond = "bytes per second"
    case seconds
    case count = ""
}

/// What values a setting takes.
package enum SettingKind: Equatable, Sendable {
    /// Visible text of at most so many bytes.
    case text(bytesMax: Int)
    /// A whole number in decimal, without sign or suffix.
    case number(SettingUnit, ClosedRange<Int64>)
    /// One of these words.
    case choice([String])
    /// A file or directory; relative ones start at the working directory.
    case path
    /// Comma-separated paths.
    case paths
    case bucket
    /// Twelve digits.
    case accountID
    case region
    /// `http://host[:port]` or `https://host[:port]`.
    case endpoint
    /// The same with an optional path.
    case baseURL
    /// `*`, or comma-separated origins.
    case origins
    /// Comma-separated role names, or `none`.
    case roles
    /// Comma-separated addresses and ranges, and the word `unix`; or `none`.
    case peers
    /// Comma-separated `host:port` and `unix:/path`, or `systemd`.
    case addresses
    /// One `host:port` or `unix:/path`.
    case address
    /// Three or four octal digits: the rights of a file.
    case permissions

    /// The values in a few words, for the reference and for problems.
    package var summary: String {
        switch self {
        case .text: "text"
        case .number(let unit, let range):
            "\(range.lowerBound) to \(range.upperBound)\(unit == .count ? "" : " " + unit.rawValue)"
        case .choice(let words): words.map { "`\($0)`" }.joined(separator: ", ")
        case .path: "path"
        case .paths: "paths separated by commas"
        case .bucket: "bucket name"
        case .accountID: "twelve digits"
        case .region: "region name"
        case .endpoint: "`http(s)://host[:port]`"
        case .baseURL: "`http(s)://host[:port][/path]`"
        case .origins: "`*`, or origins separated by commas"
        case .roles: "role names separated by commas, or `none`"
        case .peers: "addresses, CIDR ranges and `unix`, separated by commas, or `none`"
        case .addresses: "`host:port` and `unix:/path` separated by commas, or `systemd`"
        case .address: "`host:port` or `unix:/path`"
        case .permissions: "three or four octal digits"
        }
    }
}
