/// Words that stand for work not done. They are put together here so that this file does not hold them.
enum WordRules {
    static let banned = ["TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK", "T" + "BD", "WI" + "P"]

    static func findings(in file: SourceFile) -> [Finding] {
        var findings: [Finding] = []
        for (index, line) in file.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            for word in banned where WordSearch.contains(word, in: String(line)) {
                let message = "`\(word)`: file an issue instead"
                findings.append(Finding(path: file.path, line: index + 1, message: message))
            }
        }
        return findings
    }
}
