internal import Bytes

/// The lines of `--env-file`: what systemd's `EnvironmentFile=` and `docker --env-file` both understand.
///
/// `NAME=value`, one a line; lines that begin with `#` or `;` and empty ones are skipped; a leading `export ` is
/// dropped. The value is taken as it stands without the white space around it (`#` within it is part of it), or stands
/// in `'…'` literally, or in `"…"` with `\"` and `\\`.
package enum EnvironmentFile {
    /// More than any list of settings needs; a mistyped path to a large file is refused early.
    package static let fileBytesMax = 65_536

    /// The assignments in their order, or every line that is wrong. No problem repeats a line's value.
    package static func parse(_ bytes: [UInt8], path: String) -> Result<[SettingAssignment], SettingProblems> {
        guard bytes.count <= fileBytesMax else {
            return .failure(SettingProblems([SettingProblem(path, "is over \(fileBytesMax) bytes")]))
        }
        guard let text = bytes.span.validatedText() else {
            return .failure(SettingProblems([SettingProblem(path, "is not UTF-8 text")]))
        }
        var assignments: [SettingAssignment] = []
        var problems: [SettingProblem] = []
        var lineOfName: [String: Int] = [:]
        let lines = text.unicodeScalars.split(separator: "\n", omittingEmptySubsequences: false)
        for (index, scalars) in lines.enumerated() {
            let line = trimmed(Substring(scalars))
            guard let first = line.utf8.first, first != 0x23, first != 0x3B else { continue }
            let origin = SettingOrigin.file(path: path, line: index + 1)
            switch assignment(line) {
            case .success(let (name, value)):
                if let earlier = lineOfName.updateValue(index + 1, forKey: name) {
                    problems.append(SettingProblem("\(origin)", "\(name) is already set in line \(earlier)"))
                }
                assignments.append(SettingAssignment(name: name, value: value, origin: origin))
            case .failure(let refusal):
                problems.append(SettingProblem("\(origin)", refusal.message))
            }
        }
        return problems.isEmpty ? .success(assignments) : .failure(SettingProblems(problems))
    }

    /// `value` as it stands in a line of such a file.
    package static func quoted(_ value: String) -> String {
        let isPlain = value.utf8.allSatisfy { $0.isVisible && $0 != 0x22 && $0 != 0x27 && $0 != 0x5C }
        if isPlain { return value }
        var output = "\""
        for character in value.unicodeScalars {
            if character == "\"" || character == "\\" { output += "\\" }
            output.unicodeScalars.append(character)
        }
        return output + "\""
    }

    private static func assignment(_ line: String) -> Result<(String, String), SettingRefusal> {
        let body = line.hasPrefix("export ") ? trimmed(line.dropFirst(7)) : line
        guard let equals = body.utf8.firstIndex(of: 0x3D) else {
            return .failure(SettingRefusal("must be NAME=value, a # comment, or empty"))
        }
        let name = String(body[..<equals])
        guard isName(name) else {
            return .failure(SettingRefusal("a name is letters, digits and _, right before the ="))
        }
        // Not `body.index(after:)`: to a String, `=` and a combining mark behind it are one character.
        return unquoted(trimmed(body[body.utf8.index(after: equals)...])).map { (name, $0) }
    }

    private static func unquoted(_ text: String) -> Result<String, SettingRefusal> {
        guard let quote = text.utf8.first, quote == 0x22 || quote == 0x27 else { return .success(text) }
        let bytes = [UInt8](text.utf8)
        var output: [UInt8] = []
        var index = 1
        while index < bytes.count, bytes[index] != quote {
            if quote == 0x22, bytes[index] == 0x5C, index + 1 < bytes.count,
                bytes[index + 1] == 0x22 || bytes[index + 1] == 0x5C
            {
                index += 1
            }
            output.append(bytes[index])
            index += 1
        }
        guard index == bytes.count - 1 else {
            return .failure(SettingRefusal("the quote must be closed at the end of the line"))
        }
        return .success(String(decoding: output, as: UTF8.self))
    }

    static func isName(_ name: String) -> Bool {
        let bytes = name.utf8
        guard let first = bytes.first, first.isAlpha || first == 0x5F else { return false }
        return bytes.allSatisfy { $0.isAlpha || $0.isDigit || $0 == 0x5F }
    }

    /// Without spaces, tabs and carriage returns at both ends.
    static func trimmed(_ text: Substring) -> String {
        func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
        var bytes = text.utf8[...]
        while let first = bytes.first, isBlank(first) { bytes = bytes.dropFirst() }
        while let last = bytes.last, isBlank(last) { bytes = bytes.dropLast() }
        return String(bytes) ?? ""
    }
}
