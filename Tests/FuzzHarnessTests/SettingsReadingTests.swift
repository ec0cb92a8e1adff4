import FuzzBasics
import FuzzConfiguration
import Settings
import Testing

private let text = """
    #h
    SLUICE_LOG_LEVEL= "debug"
    SLUICE_WORKERS=7
    %env
    S3_BUCKET=images
    AWS_REGION=us-east-1
    AWS_ACCESS_KEY_ID=AKIA
    AWS_SECRET_ACCESS_KEY=hunter1hunter1
    JWT_SECRET=hunter2
    >hunter3
    SLUICE_WORKERS=8
    SLUICE_SPOOL_DIR= /srv/my "spool"\\
    %flags
    --workers=9
    """

private let sources = SettingsSources([UInt8](text.utf8).span)

/// Runs the oracle over a start and a print that are right but for what is done to them.
private func failure(
    of sources: SettingsSources = sources,
    resolve: (SettingsSources) -> SettingsReading.Outcome = { $0.resolve() },
    print: (SettingsResolution) -> String = SettingsPrinter.text
) -> OracleFailure? {
    do throws(OracleFailure) {
        try SettingsReading.check(sources, resolve: resolve, print: print)
        return nil
    } catch {
        return error
    }
}

/// What a start makes of other sources, made from the text.
private func other(_ old: String, _ new: String) -> (SettingsSources) -> SettingsReading.Outcome {
    { given in
        // The print is shown as it is.
        guard !given.environment.isEmpty, !given.flags.isEmpty else { return given.resolve() }
        return SettingsSources([UInt8](text.replacing(old, with: new).utf8).span).resolve()
    }
}

struct SettingsReadingTests {
    @Test func `an input is a file, variables and arguments`() throws {
        #expect(failure() == nil)
        let resolution = try sources.resolve().get()
        #expect(resolution.settings.workers == 9)
        #expect(resolution.settings.logLevel == .debug)
        #expect(resolution.settings.spoolDirectory == " /srv/my \"spool\"\\")
        #expect(resolution.settings.jwtSecret == .fixed(SecretText("hunter2\nhunter3")))
        #expect(sources.context.homeDirectory != nil && sources.context.mode == .service)
    }

    @Test func `a print that does not read back as the same is noticed`() {
        for (old, new) in [
            ("SLUICE_WORKERS=9\n", ""), ("SLUICE_WORKERS=9", "SLUICE_WORKERS=8"), ("\\\"spool\\\"", "spool"),
            ("# JWT_SECRET=", "# JWT_SECRET_FILE="), ("SLUICE_LOG_LEVEL=", "SLUICE_LOGLEVEL="), ("\" /srv", "\"/srv"),
        ] {
            let isNoticed = failure(print: { SettingsPrinter.text($0).replacing(old, with: new) }) != nil
            #expect(isNoticed == !old.hasPrefix("#"), "\(old)")
        }
        var prints = 0
        #expect(failure(print: { resolution in
            prints += 1
            return SettingsPrinter.text(resolution) + (prints == 2 ? "A=b\n" : "")
        }) != nil)
    }

    @Test func `a secret that shows is noticed`() {
        #expect(failure(print: { resolution in
            guard case .fixed(let secret) = resolution.settings.jwtSecret else { return "" }
            return SettingsPrinter.text(resolution) + "# \(secret.bytes.count) \(secret.bytes[0])\n"
        }) != nil)
        #expect(failure(print: { SettingsPrinter.text($0) + "# \($0.settings.jwtSecret)\n" }) == nil)
        let wrong = SettingsSources([UInt8]((text + "\n--workers=0").utf8).span)
        #expect(failure(of: wrong) == nil)
        #expect(failure(of: wrong, resolve: { given in
            let secret = given.environment.first { $0.name == "JWT_SECRET" }?.value.prefix(7) ?? ""
            return .failure(SettingProblems([SettingProblem("JWT_SECRET", "must not be \(secret)")]))
        }) != nil)
        #expect(failure(resolve: { given in
            let isOurs = given.environment.contains { $0.value.contains("hunter2") }
            return isOurs ? given.resolve() : .failure(SettingProblems([SettingProblem("x", "is wrong")]))
        }) != nil)
    }

    @Test func `a value of another source, or of none, is noticed`() {
        for (old, new) in [("--workers=9", "--workers=8"), ("S3_BUCKET=i", "S3_BUCKET=j"), ("SLUICE_LOG", "X")] {
            #expect(failure(resolve: other(old, new)) != nil, "\(old)")
        }
        #expect(failure(resolve: other("#h", "#h\nSLUICE_SPOOL_SLOTS=3")) != nil)
    }

    @Test func `a refusal that is no line is noticed`() {
        for problems in [
            [], [SettingProblem("", "x")], [SettingProblem("x", "")], [SettingProblem("x", "two\nlines")],
            [SettingProblem("x", String(repeating: "long ", count: 1_000))],
        ] {
            #expect(failure(resolve: { _ in .failure(SettingProblems(problems)) }) != nil)
        }
        #expect(failure(resolve: { _ in .failure(SettingProblems([SettingProblem("x", "is wrong")])) }) == nil)
    }

    @Test(arguments: [
        ("A=b", "A=c"), ("A=b", "B=b"), ("A=b", "\nA=b"), ("A=b # c", "A=b"), ("A=\"\\\"\"", "A=\\\""),
        ("A='\\\"'", "A=\""), ("A=\"b", "A=b"), ("A=b\nA=c", "A=c"), ("A b", "#"), ("A=b", "A b"), ("=", ""),
        ("A=e\u{301}", "A=\u{E9}"),
    ])
    func `lines of a file that are read otherwise are noticed`(_ file: String, _ other: String) {
        func failure(_ shown: String) -> OracleFailure? {
            do throws(OracleFailure) {
                try SettingsReading.checkFile([UInt8](file.utf8)) { _ in
                    EnvironmentFile.parse([UInt8](shown.utf8), path: "sluice.env")
                }
                return nil
            } catch {
                return error
            }
        }
        #expect(failure(file) == nil)
        #expect(failure(other) != nil)
    }

    @Test func `a start that refuses what is plainly right is noticed`() {
        let refuse: (SettingsSources) -> SettingsReading.Outcome = { _ in
            .failure(SettingProblems([SettingProblem("S3_BUCKET", "no")]))
        }
        let service = "S3_BUCKET=images\nAWS_REGION=eu-central-1\nSLUICE_WORKERS=7\n"
        for text in ["#d", "#d\nSLUICE_LOG_LEVEL=debug", service, service + "%env\nSLUICE_LOG_FORMAT=json"] {
            let right = SettingsSources([UInt8](text.utf8).span)
            #expect(failure(of: right) == nil)
            #expect(failure(of: right, resolve: refuse) != nil)
        }
        for text in ["", service + "SLUICE_WORKERS=7", service + "SLUICE_WORKERS=0", service + "%flags\n--workers=7"] {
            #expect(failure(of: SettingsSources([UInt8](text.utf8).span), resolve: refuse) == nil)
        }
    }

    @Test func `whatever is plainly right beside each other is taken by every start`() {
        for letters in 0 ..< 1 << 9 {
            let context = zip("dschk4tjm", 0...).filter { letters >> $0.1 & 1 == 1 }.map { String($0.0) }.joined()
            let lines = ["#" + context] + SettingsSources.right.filter { $0 != "SLUICE_WORKERS=1" }
            let text = lines.joined(separator: "\n")
            let all = SettingsSources([UInt8](text.utf8).span)
            #expect(all.isPlainlyRight && failure(of: all) == nil, "\(context)")
        }
    }
}
