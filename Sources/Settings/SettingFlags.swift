/// Settings on the command line: `--x-y VALUE` or `--x-y=VALUE` for `SLUICE_X_Y`.
package enum SettingFlags {
    /// What `split` makes of an argument list.
    package struct Split: Sendable {
        package var assignments: [SettingAssignment] = []
        /// The arguments that are not settings, in their order: options of the command, or mistakes.
        package var rest: [String] = []
        /// Setting flags without a value.
        package var problems: [SettingProblem] = []
    }

    /// Takes the settings out of `arguments`. After `--` nothing is a flag any more. A later flag wins over an earlier.
    package static func split(_ arguments: [String]) -> Split {
        var output = Split()
        var index = 0
        while index < arguments.count {
            let argument = arguments[index]
            index += 1
            if argument == "--" {
                output.rest += arguments[(index - 1)...]
                break
            }
            // By bytes: to a String, `=` and a combining mark behind it are one character.
            let equals = argument.utf8.firstIndex(of: 0x3D)
            guard let name = names[String(argument[..<(equals ?? argument.endIndex)])] else {
                output.rest.append(argument)
                continue
            }
            let value: String
            if let equals {
                value = String(argument[argument.utf8.index(after: equals)...])
            } else if index < arguments.count, !arguments[index].hasPrefix("--") {
                value = arguments[index]
                index += 1
            } else {
                output.problems.append(SettingProblem(argument, "needs a value"))
                continue
            }
            output.assignments.append(SettingAssignment(name: name.rawValue, value: value, origin: .flag))
        }
        return output
    }

    /// The problem with an argument that is no option of the command either; `options` are those there are.
    package static func unknown(_ argument: String, options: [String]) -> SettingProblem {
        let flag = String(argument.prefix { $0 != "=" })
        let guess = Spelling.nearest(to: flag, among: options + names.keys.sorted())
        return SettingProblem(flag, "unknown" + (guess.map { "; did you mean \($0)?" } ?? ", see --help"))
    }

    private static let names: [String: SettingName] = {
        var names: [String: SettingName] = [:]
        for name in SettingName.allCases {
            if let flag = name.flag { names[flag] = name }
        }
        return names
    }()
}
