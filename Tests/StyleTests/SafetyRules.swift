/// Where unchecked code may stand, and what must be said beside it.
enum SafetyRules {
    /// Names that hand out unchecked access, wherever they stand in a word.
    private static let unchecked = ["unsafe", "Unsafe"]

    static func unsafeFindings(in file: SourceFile) -> [Finding] {
        var findings: [Finding] = []
        for (index, line) in SwiftText(file.text).code.enumerated() {
            for word in WordSearch.words(line) where unchecked.contains(where: { word.contains($0) }) {
                let message = "`\(word)` outside the fence targets"
                findings.append(Finding(path: file.path, line: index + 1, message: message))
            }
        }
        return findings
    }

    /// Constructs that need a sentence of reason on their line or right above it.
    static let needReason = ["try!", "as!", "fatalError(", "preconditionFailure(", "@unchecked", "nonisolated(unsafe)"]

    static func reasonFindings(in file: SourceFile) -> [Finding] {
        let text = SwiftText(file.text)
        var findings: [Finding] = []
        for (index, line) in text.code.enumerated() where !text.isExplained(index) {
            for construct in needReason where WordSearch.contains(construct, in: line) {
                let message = "`\(construct)` without a reason beside it"
                findings.append(Finding(path: file.path, line: index + 1, message: message))
            }
            if unwraps(line) {
                findings.append(Finding(path: file.path, line: index + 1, message: "`!` without a reason beside it"))
            }
        }
        return findings
    }

    /// Whether a postfix `!` stands in a line of code.
    private static func unwraps(_ line: String) -> Bool {
        let bytes = Array(line.utf8)
        for index in bytes.indices.dropFirst() where bytes[index] == UInt8(ascii: "!") {
            let before = bytes[index - 1]
            let isOperand = WordSearch.isWordByte(before) || [UInt8](")]?>\"".utf8).contains(before)
            let isComparison = index + 1 < bytes.count && bytes[index + 1] == UInt8(ascii: "=")
            let word = WordSearch.words(String(decoding: bytes[..<index], as: UTF8.self)).last ?? ""
            if isOperand && !isComparison && word != "try" && word != "as" { return true }
        }
        return false
    }
}
