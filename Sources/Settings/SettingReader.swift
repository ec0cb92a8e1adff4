internal import Bytes

/// Reads settings by their rows: each value is judged by its kind, each problem is kept, and reading goes on.
///
/// After a problem the answer is a placeholder of the right type; the caller throws all of them away when
/// `problems` is not empty.
struct SettingReader {
    private let values: [SettingName: SettingValue]
    private(set) var problems: [SettingProblem] = []

    init(_ values: [SettingName: SettingValue]) {
        self.values = values
    }

    func text(_ name: SettingName) -> String? { values[name]?.text }

    func isGiven(_ name: SettingName) -> Bool {
        values[name].map { $0.text != nil && $0.origin != .fallback } ?? false
    }

    mutating func number(_ name: SettingName) -> Int64 {
        guard let text = text(name), case .number(let unit, let range)? = SettingsTable.row(name)?.kind
        else { return 0 }
        let digits = [UInt8](text.utf8)
        guard let value = Decimal.parse(digits.span).flatMap(Int64.init(exactly:)), range.contains(value) else {
            let unitText = unit == .count ? "" : " (\(unit.rawValue))"
            refuse(name, "must be a whole number from \(range.lowerBound) to \(range.upperBound)\(unitText)")
            return range.lowerBound
        }
        return value
    }

    mutating func count(_ name: SettingName) -> Int { Int(number(name)) }

    /// A number of which 0 means that there is no limit.
    mutating func limit(_ name: SettingName) -> Int? {
        let count = count(name)
        return count > 0 ? count : nil
    }

    mutating func choice<Choice: CaseIterable & RawRepresentable<String>>(
        _ name: SettingName, else placeholder: Choice
    ) -> Choice {
        guard let text = text(name) else { return placeholder }
        if let choice = Choice(rawValue: text) { return choice }
        refuse(name, "must be one of: " + Choice.allCases.map(\.rawValue).joined(separator: ", "))
        return placeholder
    }

    /// AWS's tools write `true` in any case.
    mutating func truth(_ name: SettingName) -> Bool {
        guard let text = text(name) else { return false }
        guard let truth = Truth(rawValue: text.lowercased()) else {
            refuse(name, "must be true or false")
            return false
        }
        return truth == .true
    }

    /// One of the words, or nil where none is set.
    mutating func optionalChoice<Choice: CaseIterable & RawRepresentable<String>>(
        _ name: SettingName, else placeholder: Choice
    ) -> Choice? {
        text(name) == nil ? nil : choice(name, else: placeholder)
    }

    /// Text without control characters (which neither a header field nor a log line could carry), or nil.
    mutating func plainText(_ name: SettingName) -> String? {
        guard let text = text(name) else { return nil }
        var bytesMax = Self.pathBytesMax
        if case .text(let limit)? = SettingsTable.row(name)?.kind { bytesMax = limit }
        guard text.utf8.count <= bytesMax else {
            refuse(name, "must be at most \(bytesMax) bytes")
            return nil
        }
        guard !text.utf8.contains(where: { $0 < 0x20 || $0 == 0x7F }) else {
            refuse(name, "must not hold control characters")
            return nil
        }
        return text
    }

    /// A key or token that stands in header fields: visible ASCII only.
    mutating func credential(_ name: SettingName) -> String? {
        guard let text = plainText(name) else { return nil }
        guard text.utf8.allSatisfy(\.isVisible) else {
            refuse(name, "must be visible ASCII without spaces")
            return nil
        }
        return text
    }

    /// The secret's bytes as they are: a shared secret may be any text.
    mutating func secret(_ name: SettingName) -> SecretText? {
        guard let text = text(name), case .text(let bytesMax)? = SettingsTable.row(name)?.kind else { return nil }
        guard text.utf8.count <= bytesMax else {
            refuse(name, "must be at most \(bytesMax) bytes")
            return nil
        }
        return SecretText(text)
    }

    /// The longest path that Linux takes, less its final NUL (`PATH_MAX`, linux/limits.h).
    private static let pathBytesMax = 4_095

    mutating func path(_ name: SettingName) -> String? { plainText(name) }

    /// Certificates and keys that one listener could sensibly have.
    private static let pathsMax = 64

    mutating func paths(_ name: SettingName) -> [String]? {
        guard let text = plainText(name) else { return nil }
        let paths = SettingList.items(text)
        if paths.isEmpty || paths.count > Self.pathsMax {
            refuse(name, "must be 1 to \(Self.pathsMax) paths separated by commas")
        }
        return paths
    }

    mutating func bucket(_ name: SettingName) -> String? {
        guard let text = text(name) else { return nil }
        // Old buckets in us-east-1 may be longer, and hold upper case and `_`; path-style servers allow it still.
        let bytes = [UInt8](text.utf8)
        let isBucket = (3 ... 255).contains(bytes.count)
            && bytes.allSatisfy { $0.isAlpha || $0.isDigit || $0 == 0x2D || $0 == 0x2E || $0 == 0x5F }
            && bytes.first.map { $0.isAlpha || $0.isDigit } ?? false
            && bytes.last.map { $0.isAlpha || $0.isDigit } ?? false
        if !isBucket {
            refuse(name, "must be 3 to 255 letters, digits, -, . and _, with a letter or digit at both ends")
        }
        return text
    }

    mutating func accountID(_ name: SettingName) -> String? {
        guard let text = text(name) else { return nil }
        if text.utf8.count != 12 || !text.utf8.allSatisfy(\.isDigit) { refuse(name, "must be twelve digits") }
        return text
    }

    mutating func region(_ name: SettingName) -> String? {
        guard let text = text(name) else { return nil }
        let isRegion = (1 ... 64).contains(text.utf8.count)
            && text.utf8.allSatisfy { $0.isAlpha || $0.isDigit || $0 == 0x2D || $0 == 0x5F }
        if !isRegion { refuse(name, "must be letters, digits and -, like us-east-1") }
        return text
    }

    mutating func endpoint(_ name: SettingName, allowsPath: Bool = false) -> EndpointURL? {
        guard let text = text(name) else { return nil }
        return taken(name, EndpointURL.parse(text, allowsPath: allowsPath))
    }

    mutating func origins(_ name: SettingName) -> AllowedOrigins {
        guard let text = text(name) else { return .any }
        return taken(name, AllowedOrigins.parse(text)) ?? .any
    }

    private static let rolesMax = 16
    private static let addressesMax = 16

    mutating func roles(_ name: SettingName) -> [String] {
        guard let text = text(name), text != "none" else { return [] }
        let roles = SettingList.items(text)
        let areNames = roles.allSatisfy { role in
            role.utf8.count <= 64 && role.utf8.allSatisfy { $0.isAlpha || $0.isDigit || $0 == 0x2D || $0 == 0x5F }
        }
        if roles.isEmpty || roles.count > Self.rolesMax || !areNames {
            refuse(name, "must be 1 to \(Self.rolesMax) names of letters, digits, - and _, or none")
        } else if roles.contains("USER") || roles.contains("GUEST") || roles.contains("none") {
            refuse(name, "USER and GUEST cannot be trusted, and none must stand alone")
        }
        return roles
    }

    mutating func peers(_ name: SettingName) -> TrustedPeers {
        guard let text = text(name), text != "none" else { return TrustedPeers() }
        return taken(name, TrustedPeers.parse(text)) ?? TrustedPeers()
    }

    mutating func addresses(_ name: SettingName, allowsSystemd: Bool) -> [ListenAddress] {
        guard let text = text(name) else { return [] }
        let items = SettingList.items(text)
        let addresses = items.compactMap { ListenAddress.parse($0, allowsSystemd: allowsSystemd) }
        if items.isEmpty || addresses.count < items.count || items.count > Self.addressesMax {
            let systemd = allowsSystemd ? ", or systemd" : ""
            refuse(name, "must be host:port, like 0.0.0.0:8080 or [::1]:8080, or unix:/path" + systemd)
        }
        return addresses
    }

    mutating func permissions(_ name: SettingName) -> UInt32 {
        guard let text = text(name) else { return 0 }
        let isOctal = text.utf8.allSatisfy { (0x30 ... 0x37).contains($0) }
        guard isOctal, (3 ... 4).contains(text.utf8.count), let mode = UInt32(text, radix: 8), mode <= 0o777 else {
            refuse(name, "must be three or four octal digits, like 0660")
            return 0
        }
        return mode
    }

    mutating func require(_ name: SettingName, _ reason: String) {
        if text(name) == nil { problems.append(SettingProblem(name.rawValue, "is not set: needed \(reason)")) }
    }

    /// Keeps the problem with the value of `name`; the value is shown unless it is secret.
    mutating func refuse(_ name: SettingName, _ message: String) {
        let value = values[name]
        let isSecret = SettingsTable.row(name)?.isSecret ?? true
        let shown = isSecret ? "" : value?.text.map { " (now \(SettingProblem.printable($0)))" } ?? ""
        let origin = value.map { $0.origin == .fallback ? "" : ", from: \($0.origin)" } ?? ""
        problems.append(SettingProblem(name.rawValue, message + shown + origin))
    }

    private mutating func taken<Value>(_ name: SettingName, _ result: Result<Value, SettingRefusal>) -> Value? {
        switch result {
        case .success(let value): return value
        case .failure(let refusal):
            refuse(name, refusal.message)
            return nil
        }
    }
}
