import Settings
import Testing

@Suite struct SettingFlagsTests {
    @Test func `both spellings of a flag set the variable`() {
        let split = SettingFlags.split(["--workers", "2", "--part-bytes=6000000", "--log-format="])
        #expect(split.assignments == [
            SettingAssignment(name: "SLUICE_WORKERS", value: "2", origin: .flag),
            SettingAssignment(name: "SLUICE_PART_BYTES", value: "6000000", origin: .flag),
            SettingAssignment(name: "SLUICE_LOG_FORMAT", value: "", origin: .flag),
        ])
        #expect(split.rest == [])
        #expect(split.problems == [])
    }

    @Test func `a value may begin with a combining mark`() {
        let split = SettingFlags.split(["--form-field=\u{301}a"])
        #expect(split.assignments.map(\.value) == ["\u{301}a"])
    }

    @Test func `other arguments are left in their order`() {
        let split = SettingFlags.split(["serve", "--dev", "--workers", "2", "--env-file", "x", "--", "--workers", "3"])
        #expect(split.assignments.count == 1)
        #expect(split.rest == ["serve", "--dev", "--env-file", "x", "--", "--workers", "3"])
    }

    @Test(arguments: [["--workers"], ["--workers", "--dev"]])
    func `a flag without a value is told`(arguments: [String]) {
        let split = SettingFlags.split(arguments)
        #expect(split.assignments == [])
        #expect(split.problems.map(\.description) == ["--workers: needs a value"])
    }

    @Test func `a mistyped flag gets a suggestion`() {
        let problem = SettingFlags.unknown("--worker=3", options: ["--dev", "--env-file"])
        #expect(problem.description == "--worker: unknown; did you mean --workers?")
        #expect(SettingFlags.unknown("--env-fil", options: ["--dev", "--env-file"]).message.contains("--env-file"))
        #expect(SettingFlags.unknown("--frobnicate", options: []).message == "unknown, see --help")
    }
}
