import Settings
import Testing

@Suite struct EnvironmentFileTests {
    private func parse(_ text: String) -> Result<[SettingAssignment], SettingProblems> {
        EnvironmentFile.parse([UInt8](text.utf8), path: "f")
    }

    private func values(_ text: String) throws -> [String] {
        try parse(text).get().map { "\($0.name)|\($0.value)" }
    }

    private func problems(_ text: String) -> [String] {
        guard case .failure(let problems) = parse(text) else { return [] }
        return problems.all.map(\.description)
    }

    @Test func `comments, empty lines, white space, carriage returns and export are taken off`() throws {
        let text = "# a\n; b\n\n  \t\nA=1\r\n  B = \nC=  x y \t\nexport D=2"
        #expect(problems(text) == ["f, line 6: a name is letters, digits and _, right before the ="])
        #expect(try values("# a\n; b\n\n \t\nA=1\r\n  B=\nC=  x y \t\nexport D=2") == ["A|1", "B|", "C|x y", "D|2"])
    }

    @Test func `a value may begin with a combining mark`() throws {
        #expect(try values("A=\u{301}b\nB=\u{FE0F}") == ["A|\u{301}b", "B|\u{FE0F}"])
    }

    @Test func `a value may hold equals signs and hashes`() throws {
        #expect(try values("A=b=c==\nB=x #y") == ["A|b=c==", "B|x #y"])
    }

    @Test func `quotes are taken off, and escapes read only within double ones`() throws {
        #expect(try values(#"A='x "y" \n'"#) == [#"A|x "y" \n"#])
        #expect(try values(#"A=" x \"y\" \\ \n""#) == [#"A| x "y" \ \n"#])
        #expect(try values("A=''\nB=\"\"") == ["A|", "B|"])
        #expect(try values("A=it's") == ["A|it's"])
    }

    @Test(arguments: ["A=\"x", "A='x", "A=\"x\"y", "A=\"", "A='a'b'", "A=\"x\\\""])
    func `a quote that is not closed at the end is refused`(line: String) {
        #expect(problems(line) == ["f, line 1: the quote must be closed at the end of the line"])
    }

    @Test func `a wrong line is named by its number and not repeated`() {
        #expect(problems("A=1\nsecret-word") == ["f, line 2: must be NAME=value, a # comment, or empty"])
        #expect(problems("=secret") == ["f, line 1: a name is letters, digits and _, right before the ="])
        #expect(problems("1A=2").count == 1)
    }

    @Test func `a name that is set twice is refused`() {
        #expect(problems("A=1\nB=2\nA=3") == ["f, line 3: A is already set in line 1"])
    }

    @Test func `a file that is not text, or far too long, is refused`() {
        #expect(EnvironmentFile.parse([0x41, 0x3D, 0xFF], path: "f")
            == .failure(SettingProblems([SettingProblem("f", "is not UTF-8 text")])))
        let long = [UInt8](repeating: 0x0A, count: EnvironmentFile.fileBytesMax)
        #expect(EnvironmentFile.parse(long, path: "f") == .success([]))
        #expect(EnvironmentFile.parse(long + [0x0A], path: "f")
            == .failure(SettingProblems([SettingProblem("f", "is over 65536 bytes")])))
    }

    @Test(arguments: ["", "plain", "with space", " edges ", "\"", "'", "\\", "a\"b\\c'd", "#x", "\"quoted\"", "é"])
    func `a quoted value reads back as it was`(value: String) throws {
        let lines = try parse("A=" + EnvironmentFile.quoted(value)).get()
        #expect(lines.map(\.value) == [value])
    }
}
