import Settings
import Testing

@Suite struct SettingsTableTests {
    @Test func `every name has exactly one row`() {
        #expect(SettingsTable.rows.map(\.name.rawValue).sorted() == SettingName.allCases.map(\.rawValue).sorted())
        for name in SettingName.allCases { #expect(SettingsTable.row(name)?.name == name) }
    }

    @Test func `every default is a value that its own row accepts`() throws {
        var texts: [String] = []
        for row in SettingsTable.rows {
            guard let text = row.fallback.text(in: SettingsContext()) else { continue }
            texts.append("\(row.name.rawValue)=\(text)")
        }
        #expect(texts.count > 25)
        #expect(SettingsSample.problems([:], file: texts.joined(separator: "\n")) == [])
    }

    @Test func `only Sluice's own names have flags`() {
        #expect(SettingName.partBytes.flag == "--part-bytes")
        #expect(SettingName.minBodyRate.flag == "--min-body-bytes-per-second")
        #expect(SettingName.bucket.flag == nil)
        #expect(SettingName.jwtSecret.flag == nil)
    }

    @Test func `the names that hold secrets are marked`() {
        let secret = SettingsTable.rows.filter(\.isSecret).map(\.name)
        #expect(Set(secret) == [
            .jwtSecret, .secretAccessKey, .sessionToken, .containerToken, .containerFullURI, .containerRelativeURI,
        ])
    }

    @Test func `the reference is a table with a line for each row and no broken cell`() {
        let lines = SettingsReference.markdown().split(separator: "\n")
        #expect(lines.count == SettingsTable.rows.count + 2)
        for line in lines {
            #expect(line.split(separator: "|", omittingEmptySubsequences: false).count == 7, "\(line)")
        }
        #expect(lines.contains { $0.contains("`SLUICE_PART_BYTES` | `--part-bytes` | 5242880 to 5368709120 bytes") })
        for row in SettingsTable.rows { #expect(row.meaning.hasSuffix("."), "\(row.name)") }
    }
}
