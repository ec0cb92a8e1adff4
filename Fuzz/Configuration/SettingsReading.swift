internal import Bytes
package import FuzzBasics
package import Settings

/// Fuzzes the settings: what was taken and is printed reads back as the same, the print and the problems say nothing of
/// a secret, the file's lines are those of a plain reading, the last source wins, and whatever is refused is refused
/// with a line. An input is a ``SettingsSources``.
package enum SettingsReading {
    package typealias Outcome = Result<SettingsResolution, SettingProblems>

    /// What the file is called in problems.
    static let path = "sluice.env"

    package static func run(_ input: Span<UInt8>) throws(OracleFailure) {
        let sources = SettingsSources(input)
        try checkFile(sources.file) { EnvironmentFile.parse($0, path: path) }
        try check(sources, resolve: { $0.resolve() }, print: SettingsPrinter.text)
    }

    /// The oracle of the file's lines, over any way to read them.
    package static func checkFile(
        _ file: [UInt8], parse: ([UInt8]) -> Result<[SettingAssignment], SettingProblems>
    ) throws(OracleFailure) {
        let plain = PlainEnvironment(file)
        switch parse(file) {
        case .success(let assignments):
            guard !plain.isFaulty else { throw OracleFailure("a line that makes no sense is taken") }
            let lines = plain.lines.map { line in
                SettingAssignment(
                    name: String(decoding: line.name, as: UTF8.self),
                    value: String(decoding: line.value, as: UTF8.self), origin: .file(path: path, line: line.number))
            }
            guard assignments.count == lines.count, zip(assignments, lines).allSatisfy(isSame)
            else { throw OracleFailure("other lines than read plainly: \(assignments)") }
        case .failure(let problems):
            try check(problems)
            guard plain.isFaulty || file.span.validatedText() == nil || file.count > EnvironmentFile.fileBytesMax
            else { throw OracleFailure("a right file is refused: \(problems)") }
        }
    }

    /// The oracle of the settings, over any way to resolve and to print them.
    package static func check(
        _ sources: SettingsSources, resolve: (SettingsSources) -> Outcome, print: (SettingsResolution) -> String
    ) throws(OracleFailure) {
        let outcome = resolve(sources)
        switch outcome {
        case .success(let resolution):
            try checkOrigins(resolution, sources)
            for value in resolution.values { try checkKind(value) }
            try PlainSettings.check(resolution.settings, texts(of: resolution))
            try checkPrint(resolution, sources, resolve: resolve, print: print)
        case .failure(let problems):
            try check(problems)
            guard !sources.isPlainlyRight else { throw OracleFailure("nothing is wrong, and refused: \(problems)") }
        }
        let isFileWrong = (try? EnvironmentFile.parse(sources.file, path: path).get()) == nil
        switch (outcome, resolve(sources.withOtherSecrets(everyLine: isFileWrong))) {
        case (.success(let first), .success(let second)):
            guard isSame(print(first), print(second)) else { throw OracleFailure("a secret shows in what is printed") }
        case (.failure(let first), .failure(let second)):
            guard isSame(first.description, second.description) else { throw OracleFailure("a secret shows: \(first)") }
        case (.success, .failure), (.failure, .success):
            throw OracleFailure("other secrets of the same kind are judged otherwise")
        }
    }

    /// By name, what is set or stands for what is not.
    package static func texts(of resolution: SettingsResolution) -> [String: String] {
        var texts: [String: String] = [:]
        for value in resolution.values { texts[value.name.rawValue] = value.text }
        return texts
    }

    /// Read back, the print gives the same settings, and they print the same.
    private static func checkPrint(
        _ resolution: SettingsResolution, _ sources: SettingsSources, resolve: (SettingsSources) -> Outcome,
        print: (SettingsResolution) -> String
    ) throws(OracleFailure) {
        let text = print(resolution)
        var secrets: [(name: String, value: String)] = []
        for value in resolution.values where SettingsSources.secretNames.contains(value.name.rawValue) {
            if let text = value.text { secrets.append((value.name.rawValue, text)) }
        }
        let printed = SettingsSources(file: Array(text.utf8), environment: secrets, context: sources.context)
        switch resolve(printed) {
        case .failure(let problems): throw OracleFailure("the print does not read back: \(problems)")
        case .success(let again):
            guard again.settings == resolution.settings else {
                throw OracleFailure("the print reads back as other settings: \(text)")
            }
            guard zip(again.values, resolution.values).allSatisfy({ isSame($0.text ?? "", $1.text ?? "") })
            else { throw OracleFailure("the print reads back as other text: \(text)") }
            guard isSame(assignments(print(again)), assignments(text)) else {
                throw OracleFailure("the print of what was printed is another: \(text)")
            }
        }
    }

    /// The lines that set something, in an order of their own.
    private static func assignments(_ text: String) -> String {
        text.split(separator: "\n").filter { !$0.hasPrefix("#") }.sorted().joined(separator: "\n")
    }

    /// Of several values the one counts that stands in the last source, empty ones aside.
    private static func checkOrigins(
        _ resolution: SettingsResolution, _ sources: SettingsSources
    ) throws(OracleFailure) {
        for (name, isVariable) in sources.names where isStray(name, isVariable: isVariable) {
            throw OracleFailure("\(name) is no setting, and passed over")
        }
        var last: [String: String] = [:]
        for line in PlainEnvironment(sources.file).lines where !line.value.isEmpty {
            last[String(decoding: line.name, as: UTF8.self)] = String(decoding: line.value, as: UTF8.self)
        }
        for (name, value) in sources.environment where !value.isEmpty { last[name] = value }
        for (name, value) in sources.plainFlags where !value.isEmpty { last[name] = value }
        for value in resolution.values {
            if let text = last[value.name.rawValue] {
                guard isSame(value.text ?? "", text), value.origin != .fallback
                else { throw OracleFailure("\(value.name) is not what the last source says") }
            } else {
                guard value.origin == .fallback else { throw OracleFailure("\(value.name) from nowhere") }
            }
        }
    }

    /// Whether it looks like a setting of ours and is none. Kubernetes sets variables for a service of our name.
    private static func isStray(_ name: String, isVariable: Bool) -> Bool {
        guard name.hasPrefix("SLUICE_"), name.utf8.allSatisfy({ $0 < 0x80 }), SettingName(rawValue: name) == nil
        else { return false }
        let isOfService = name.hasPrefix("SLUICE_SERVICE_") || name.hasPrefix("SLUICE_PORT")
        return !(isVariable && isOfService)
    }

    /// What a value of a kind that is easily judged has to be.
    private static func checkKind(_ value: SettingValue) throws(OracleFailure) {
        guard let text = value.text, let row = SettingsTable.row(value.name) else { return }
        let isRight =
            switch row.kind {
            case .number(_, let range):
                text.utf8.allSatisfy { (0x30 ... 0x39).contains($0) } && Int64(text).map(range.contains) == true
            case .choice(let words): words.contains { isSame($0, text) || isSame($0, text.lowercased()) }
            case .accountID: text.utf8.count == 12 && text.utf8.allSatisfy { (0x30 ... 0x39).contains($0) }
            case .permissions: UInt32(text, radix: 8).map { $0 <= 0o777 } == true
            case .endpoint, .baseURL, .region, .bucket: text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F }
            case .path, .paths: text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F }
            case .text(let bytesMax):
                text.utf8.count <= bytesMax && (row.isSecret || text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7F })
            case .origins, .roles, .peers, .addresses, .address: true
            }
        guard isRight else { throw OracleFailure("\(value.name) is taken, and no value of its kind") }
    }

    /// At least one, each a line of its own that names what it is about.
    private static func check(_ problems: SettingProblems) throws(OracleFailure) {
        guard !problems.all.isEmpty else { throw OracleFailure("refused without a problem") }
        for problem in problems.all {
            let text = problem.description
            // Neither do characters show that turn or hide what stands beside them.
            let hidden: [Unicode.GeneralCategory] = [.control, .format]
            let isPlain = text.unicodeScalars.allSatisfy { !hidden.contains($0.properties.generalCategory) }
            guard !problem.subject.isEmpty, !problem.message.isEmpty, isPlain, text.utf8.count <= problemBytesMax
            else { throw OracleFailure("a problem that is no line: \(text.debugDescription)") }
        }
    }

    private static let problemBytesMax = 2_000

    /// By their bytes: to `==`, texts that only look the same are the same.
    private static func isSame(_ first: String, _ second: String) -> Bool { first.utf8.elementsEqual(second.utf8) }

    private static func isSame(_ first: SettingAssignment, _ second: SettingAssignment) -> Bool {
        isSame(first.name, second.name) && isSame(first.value, second.value) && first.origin == second.origin
    }
}
