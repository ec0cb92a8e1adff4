/// How long a file, a function and a line may be.
enum LengthRules {
    static let fileLinesMax = 400
    static let functionLinesMax = 70
    static let lineCharactersMax = 120

    static func fileFindings(in file: SourceFile) -> [Finding] {
        let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false)
        // A final newline ends the last line; it does not begin another one.
        let count = lines.last?.isEmpty == true ? lines.count - 1 : lines.count
        var findings: [Finding] = []
        if count > fileLinesMax {
            findings.append(Finding(path: file.path, line: 0, message: "\(count) lines, over \(fileLinesMax)"))
        }
        // Bytes are counted first, since they are cheaper and no fewer.
        let long = lines.enumerated().filter { $1.utf8.count > lineCharactersMax && $1.count > lineCharactersMax }
        for (index, line) in long {
            let message = "\(line.count) characters, over \(lineCharactersMax)"
            findings.append(Finding(path: file.path, line: index + 1, message: message))
        }
        return findings
    }

    static func functionFindings(in file: SourceFile) -> [Finding] {
        FunctionScan(SwiftText(file.text).code).functions.filter { $0.lines > functionLinesMax }.map {
            let message = "`\($0.name)` has \($0.lines) lines, over \(functionLinesMax)"
            return Finding(path: file.path, line: $0.line, message: message)
        }
    }
}
