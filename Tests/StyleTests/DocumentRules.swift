/// Paths that a document names, in back-ticks or as the target of a link, must exist.
struct DocumentRules {
    /// Whether a path from the top of the checkout exists.
    let exists: (String) -> Bool
    /// The names of all files, for those that are named without their folder.
    let fileNames: Set<String>

    /// A word that begins with one of these is a path of the project, whether or not it exists.
    static let tops = [
        "Sources", "Tests", "Docs", "Fuzz", ".ci", "systemd", "Makefile", "Package.swift", "README.md", "CHANGELOG.md",
        "LICENSE", ".swift-format", ".gitignore",
    ]
    private static let endings = [".swift", ".py", ".md", ".sh", ".service", ".socket", ".h", ".ini"]

    func findings(in file: SourceFile) -> [Finding] {
        var findings: [Finding] = []
        for (index, line) in file.text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            for path in Self.quoted(line) where !isThere(path) {
                findings.append(Finding(path: file.path, line: index + 1, message: "`\(path)` does not exist"))
            }
            for link in Self.links(line) where !isThereFrom(file.path, link) {
                let message = "link to `\(link)`, which does not exist"
                findings.append(Finding(path: file.path, line: index + 1, message: message))
            }
        }
        return findings
    }

    private func isThere(_ text: String) -> Bool {
        guard !text.isEmpty, text.utf8.allSatisfy(Self.isPathByte) else { return true }
        let parts = text.split(separator: "/")
        guard let first = parts.first, !text.hasPrefix("/") else { return true }
        if Self.tops.contains(String(first)) { return exists(text) }
        guard parts.count == 1, Self.endings.contains(where: { text.hasSuffix($0) && text != $0 }) else { return true }
        return fileNames.contains(text)
    }

    private func isThereFrom(_ document: String, _ link: String) -> Bool {
        let target = String(link.split(separator: "#", omittingEmptySubsequences: false).first ?? "")
        guard !target.isEmpty, !target.contains("://") else { return true }
        var parts = document.split(separator: "/").dropLast().map(String.init)
        for part in target.split(separator: "/") {
            if part == ".." {
                _ = parts.popLast()
            } else if part != "." {
                parts.append(String(part))
            }
        }
        return exists(parts.joined(separator: "/"))
    }

    private static func isPathByte(_ byte: UInt8) -> Bool {
        WordSearch.isWordByte(byte) || [UInt8](".-/+".utf8).contains(byte)
    }

    /// What stands between back-ticks.
    private static func quoted(_ line: Substring) -> [String] {
        let pieces = line.split(separator: "`", omittingEmptySubsequences: false)
        return pieces.indices.filter { $0 % 2 == 1 && $0 < pieces.count - 1 }.map { String(pieces[$0]) }
    }

    /// What stands in the parentheses of `[text](target)`.
    private static func links(_ line: Substring) -> [String] {
        let pieces = line.split(separator: "](", omittingEmptySubsequences: false).dropFirst()
        return pieces.filter { $0.contains(")") }.map { String($0.prefix { $0 != ")" }) }
    }
}
