/// One place that breaks a rule of style.
struct Finding: Equatable, CustomStringConvertible {
    let path: String
    /// Counted from 1; 0 where the finding is about the whole file.
    let line: Int
    let message: String

    var description: String {
        line == 0 ? "\(path): \(message)" : "\(path):\(line): \(message)"
    }
}

extension [Finding] {
    /// The findings one a line, as the comment of a failed expectation.
    var listed: String { "\n" + map(\.description).joined(separator: "\n") }
}
