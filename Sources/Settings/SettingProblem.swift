/// Why Sluice does not start: one line, which names the setting and never holds a secret.
package struct SettingProblem: Error, Equatable, Sendable, CustomStringConvertible {
    /// The setting's name, or the flag or file position at fault.
    package let subject: String
    package let message: String

    package init(_ subject: String, _ message: String) {
        self.subject = Self.printable(subject)
        self.message = message
    }

    package var description: String { "\(subject): \(message)" }

    /// `text` as it may stand in a line of a terminal or log: control characters shown as `\u{…}`, cut after 80.
    static func printable(_ text: String) -> String {
        var output = ""
        for (index, scalar) in text.unicodeScalars.enumerated() {
            if index == 80 { return output + "…" }
            let category = scalar.properties.generalCategory
            output += category == .control || category == .format ? scalar.escaped(asASCII: true) : String(scalar)
        }
        return output
    }
}

/// All problems of one start, in the order of the settings table.
package struct SettingProblems: Error, Equatable, Sendable, CustomStringConvertible {
    package let all: [SettingProblem]

    package init(_ all: [SettingProblem]) {
        self.all = all
    }

    /// One line each.
    package var description: String { all.map(\.description).joined(separator: "\n") }
}
