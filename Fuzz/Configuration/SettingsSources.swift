internal import Bytes
internal import FuzzBasics
package import Settings

/// Where settings come from, read off an input.
///
/// The input is an environment file. Behind a line `%env` stand variables, one a line, whose values go on in lines that
/// begin with `>`; behind a line `%flags` stand arguments, one a line. A first line that is a comment says where Sluice
/// runs, see ``context(_:)``.
package struct SettingsSources: Sendable {
    package var file: [UInt8] = []
    package var environment: [(name: String, value: String)] = []
    package var flags: [String] = []
    package var context = SettingsContext()

    private enum Section { case file, environment, flags }

    package init(_ input: Span<UInt8>) {
        var section = Section.file
        var fileLines: [ArraySlice<UInt8>] = []
        for line in input.copied().split(separator: 0x0A, omittingEmptySubsequences: false) {
            switch (section, String(decoding: line, as: UTF8.self)) {
            case (_, "%env"): section = .environment
            case (_, "%flags"): section = .flags
            case (.file, _): fileLines.append(line)
            case (.environment, let text): addVariable(text)
            case (.flags, let text): flags.append(text)
            }
        }
        file = Array(fileLines.joined(separator: [0x0A]))
        if let first = fileLines.first, first.first == 0x23 { context = Self.context(first) }
    }

    package init(file: [UInt8], environment: [(name: String, value: String)], context: SettingsContext) {
        self.file = file
        self.environment = environment
        self.context = context
    }

    private mutating func addVariable(_ line: String) {
        if line.utf8.first == 0x3E, let last = environment.indices.last {
            environment[last].value += "\n" + String(decoding: line.utf8.dropFirst(), as: UTF8.self)
        } else if let equals = line.utf8.firstIndex(of: 0x3D) {
            let value = String(decoding: line.utf8[equals...].dropFirst(), as: UTF8.self)
            environment.append((String(decoding: line.utf8[..<equals], as: UTF8.self), value))
        }
    }

    /// One letter for each fact: `d`evelopment, `s`tate directory, `c`ache directory, `h`ome directory, systemd's
    /// credential (`k`), no IPv6 (`4`), a `t`erminal, the `j`ournal, many processors (`m`).
    private static func context(_ letters: ArraySlice<UInt8>) -> SettingsContext {
        func has(_ letter: UInt8) -> Bool { letters.contains(letter) }
        return SettingsContext(
            mode: has(0x64) ? .development : .service,
            stateDirectory: has(0x73) ? "/var/lib/one:/var/lib/two" : nil,
            cacheDirectory: has(0x63) ? "/var/cache/one" : nil,
            jwtCredentialPath: has(0x6B) ? "/run/credentials/jwt-secret" : nil,
            homeDirectory: has(0x68) ? "/home/somebody" : nil, hasIPv6: !has(0x34), isTerminal: has(0x74),
            isUnderJournal: has(0x6A), cores: has(0x6D) ? 1_000 : 2)
    }

    /// The settings among the flags, read plainly.
    var plainFlags: [(name: String, value: String)] {
        var found: [(name: String, value: String)] = []
        var rest = flags[...]
        while let flag = rest.popFirst(), flag != "--" {
            let parts = flag.utf8.split(separator: 0x3D, maxSplits: 1, omittingEmptySubsequences: false)
            guard parts[0].starts(with: "--".utf8), parts[0].allSatisfy({ $0 < 0x41 || $0 > 0x5A && $0 != 0x5F })
            else { continue }
            let letters = parts[0].dropFirst(2).map { $0 == 0x2D ? 0x5F : $0 < 0x61 || $0 > 0x7A ? $0 : $0 - 0x20 }
            let name = "SLUICE_" + String(decoding: letters, as: UTF8.self)
            guard SettingName(rawValue: name) != nil else { continue }
            if parts.count == 2 {
                found.append((name, String(decoding: parts[1], as: UTF8.self)))
            } else if let value = rest.first, !value.utf8.starts(with: "--".utf8) {
                found.append((name, value))
                rest.removeFirst()
            }
        }
        return found
    }

    /// What the file's lines and the variables are called, and which of the two they are.
    var names: [(name: String, isVariable: Bool)] {
        PlainEnvironment(file).lines.map { (PlainBytes.text($0.name), false) } + environment.map { ($0.name, true) }
    }

    /// What a start makes of them.
    package func resolve() -> Result<SettingsResolution, SettingProblems> {
        let split = SettingFlags.split(flags)
        guard split.problems.isEmpty else { return .failure(SettingProblems(split.problems)) }
        return EnvironmentFile.parse(file, path: SettingsReading.path).flatMap { lines in
            SettingsResolver.resolve(
                file: lines, environment: environment, flags: split.assignments, context: context)
        }
    }
}

/// What no start may refuse.
extension SettingsSources {
    /// Assignments of which any may stand beside any others, each name once.
    package static let right: Set<String> = [
        "AWS_REGION=eu-central-1", "FRONTEND_URL=https://example.org", "JWT_SECRET=0123456789abcdef0123456789abcdef",
        "S3_BUCKET=images", "SLUICE_DATABASE=/srv/sluice.db", "SLUICE_LISTEN=127.0.0.1:8080",
        "SLUICE_LOG_FORMAT=json", "SLUICE_LOG_LEVEL=debug", "SLUICE_SPOOL_DIR=/srv/spool",
        "SLUICE_UPLOAD_STRATEGY=auto", "SLUICE_WORKERS=1", "SLUICE_WORKERS=7",
    ]
    /// Without these a service does not start.
    private static let needed: Set<String> = ["AWS_REGION", "S3_BUCKET"]

    /// Whether it is nothing, or such assignments alone, where nothing more is needed.
    package var isPlainlyRight: Bool {
        let plain = PlainEnvironment(file)
        let lines = plain.lines.map { PlainBytes.text($0.name + [0x3D] + $0.value) }
        let all = lines + environment.map { $0.name + "=" + $0.value }
        let names = Set(all.map { String($0.prefix { $0 != "=" }) })
        return flags.isEmpty && !plain.isFaulty && file.allSatisfy { $0 < 0x80 && $0 > 0 } && file.count <= 4_096
            && Self.right.isSuperset(of: all) && names.count == all.count
            && (context.mode == .development || Self.needed.isSubset(of: names))
    }
}

/// The same settings with other secrets: what anybody gets to see must not change by it.
extension SettingsSources {
    /// Those that no print may show. Written out, since a row that forgets to say so is what this is to find.
    static let secretNames: Set<String> = [
        "JWT_SECRET", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN",
        "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "AWS_CONTAINER_CREDENTIALS_FULL_URI",
    ]

    /// Every secret is another of the same length and of the same kinds of characters; with `everyLine`, so is whatever
    /// stands behind an equals sign in the file.
    func withOtherSecrets(everyLine: Bool) -> SettingsSources {
        var other = self
        for index in environment.indices where Self.secretNames.contains(environment[index].name) {
            other.environment[index].value = Self.turned(environment[index].value)
        }
        let lines = file.split(separator: 0x0A, omittingEmptySubsequences: false).map { line -> [UInt8] in
            guard let equals = line.firstIndex(of: 0x3D) else { return Array(line) }
            let name = line[..<equals].split { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D }.last.map {
                String(decoding: $0, as: UTF8.self)
            }
            guard everyLine || Self.secretNames.contains(name ?? "") else { return Array(line) }
            // Bytes and not text: the file may hold anything.
            return Array(line[...equals]) + Self.turned(Array(line[(equals + 1)...]))
        }
        other.file = Array(lines.joined(separator: [0x0A]))
        return other
    }

    private static func turned(_ text: String) -> String {
        String(decoding: turned(Array(text.utf8)), as: UTF8.self)
    }

    /// Each letter and digit is the next one. Of a URL the beginning stays, which says whether it may be used.
    private static func turned(_ bytes: [UInt8]) -> [UInt8] {
        var start = 0
        if let colon = bytes.firstIndex(of: 0x3A), bytes[colon...].starts(with: Array("://".utf8)) {
            start = bytes[(colon + 3)...].firstIndex { $0 == 0x2F || $0 == 0x3F } ?? bytes.count
        }
        return bytes.enumerated().map { index, byte in
            guard index >= start else { return byte }
            return switch byte {
            case 0x30 ... 0x38, 0x41 ... 0x59, 0x61 ... 0x79: byte + 1
            case 0x39: 0x30
            case 0x5A: 0x41
            case 0x7A: 0x61
            default: byte
            }
        }
    }
}
