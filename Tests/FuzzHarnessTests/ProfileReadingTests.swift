import FuzzBasics
import FuzzConfiguration
import Settings
import Testing

private let text = "[default]\nx = 1 # one\n[profile p]\nY=2\n  nested = 3\nz =\n"

/// Runs the oracle over a reader that answers rightly but for what `spoil` does to its answer.
private func failure(
    of text: String = text, kind: ProfileFile.Kind = .config,
    spoil: (inout ProfileReading.Profiles, _ count: Int) throws(ProfileFile.Fault) -> Void
) -> OracleFailure? {
    do throws(OracleFailure) {
        try ProfileReading.check([UInt8](text.utf8), kind: kind) { bytes, kind throws(ProfileFile.Fault) in
            let file = try ProfileFile.parse(bytes.span, kind: kind)
            var profiles: ProfileReading.Profiles = [:]
            for name in file.names { profiles[name] = file[name] }
            try spoil(&profiles, bytes.count - text.utf8.count)
            return profiles
        }
        return nil
    } catch {
        return error
    }
}

struct ProfileReadingTests {
    @Test func `the reader's own answers pass`() {
        var found: ProfileReading.Profiles = [:]
        #expect(failure { profiles, _ in found = profiles } == nil)
        #expect(found == ["default": ["x": "1"], "p": ["y": "2", "z": ""]])
        #expect(failure(kind: .credentials) { _, _ in } == nil)
        #expect(failure(of: "x = 1") { _, _ in } == nil)
    }

    @Test func `other profiles than are there are noticed`() {
        #expect(failure { profiles, _ in profiles["p"] = nil } != nil)
        #expect(failure { profiles, _ in profiles["q"] = [:] } != nil)
        #expect(failure { profiles, _ in profiles["p"]?["y"] = "3" } != nil)
        #expect(failure { profiles, _ in profiles["p"]?["nested"] = "3" } != nil)
        #expect(failure { profiles, _ in profiles["default"]?["x"] = "1 # one" } != nil)
    }

    @Test func `a file that is refused, and should not be, is noticed, and so is another line`() {
        #expect(failure { _, _ throws(ProfileFile.Fault) in throw ProfileFile.Fault(line: 2) } != nil)
        let wrong = "[p]\nnonsense\n"
        do throws(OracleFailure) {
            try ProfileReading.check([UInt8](wrong.utf8), kind: .config) { _, _ throws(ProfileFile.Fault) in
                throw ProfileFile.Fault(line: 3)
            }
            Issue.record("line 3")
        } catch {}
        do throws(OracleFailure) {
            try ProfileReading.check([UInt8](wrong.utf8), kind: .config) { _, _ in ["p": [:]] }
            Issue.record("taken")
        } catch {}
    }

    @Test func `an end that matters is noticed`() {
        #expect(failure { profiles, count in if count > 3 { profiles["p"]?["y"] = "9" } } != nil)
        #expect(failure { _, count throws(ProfileFile.Fault) in
            if count > 0 { throw ProfileFile.Fault(line: 1) }
        } != nil)
    }

    @Test func `quotes are bytes, whatever stands behind them`() throws {
        let bytes = [UInt8]("[profile \"\u{301}a\"]\nx = 1\n".utf8)
        #expect(try ProfileFile.parse(bytes.span, kind: .config)["\u{301}a"] == ["x": "1"])
    }
}
