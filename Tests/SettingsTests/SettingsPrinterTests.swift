import Settings
import Testing

@Suite struct SettingsPrinterTests {
    private let given = [
        "SLUICE_STORE": "s3", "SLUICE_LISTEN": "[::1]:80, 127.0.0.1:0,systemd",
        "FRONTEND_URL": "https://A.example,http://b:80",
        "SLUICE_SPOOL_DIR": " /srv/my \"spool\" ", "SLUICE_TRUSTED_ROLES": "none", "JWT_SECRET": "hunter2",
        "AWS_SESSION_TOKEN": "tokenhunter3", "SLUICE_PUBLIC_BASE_URL": "https://cdn.example/x/",
        "SLUICE_TRUSTED_PROXIES": "unix,10.0.0.0/8",
    ]

    @Test func `what is printed reads back as the same settings`() throws {
        let resolution = try SettingsSample.resolve(given, flags: ["--workers=3"]).get()
        let text = SettingsPrinter.text(resolution)
        let lines = try EnvironmentFile.parse([UInt8](text.utf8), path: "printed").get()
        let secrets = ["JWT_SECRET", "AWS_SESSION_TOKEN", "AWS_SECRET_ACCESS_KEY"].map { name in
            (name: name, value: given[name] ?? SettingsSample.s3[name] ?? "")
        }
        let context = SettingsContext(mode: .service, stateDirectory: "/elsewhere", cores: 9)
        let again = try SettingsResolver.resolve(file: lines, environment: secrets, context: context).get()
        #expect(again.settings == resolution.settings)
        #expect(again.settings.workers == 3)
        #expect(again.settings.listen
            == [.address(host: "::1", port: 80), .address(host: "127.0.0.1", port: 0), .systemd])
        #expect(again.settings.allowedOrigins == .list(["https://a.example", "http://b"]))
        #expect(again.settings.spoolDirectory == " /srv/my \"spool\" ")
        #expect(again.settings.trustedRoles == [])
        #expect(again.settings.publicBaseURL?.text == "https://cdn.example/x")
    }

    @Test func `defaults that would mean something else if they were set are only named`() throws {
        for context in [
            SettingsContext(homeDirectory: "/home/a"), SettingsContext(mode: .development, homeDirectory: "/home/a"),
        ] {
            let sample = ["JWT_SECRET_PARAMETER": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_ACCESS_KEY_ID": ""]
            let resolution = try SettingsSample.resolve(sample, context: context).get()
            let text = SettingsPrinter.text(resolution)
            let lines = try EnvironmentFile.parse([UInt8](text.utf8), path: "printed").get()
            #expect(try SettingsResolver.resolve(file: lines, context: context).get().settings == resolution.settings)
            #expect(text.contains("# AWS_CONFIG_FILE=/home/a/.aws/config\n"))
            #expect(text.contains("# JWT_SECRET_PARAMETER=/community/JWT_SECRET\n"))
        }
        let chosen = SettingsPrinter.text(try SettingsSample.resolve(["AWS_CONFIG_FILE": "/c"]).get())
        #expect(chosen.contains("\nAWS_CONFIG_FILE=/c\n"))
    }

    @Test func `secrets are named and not shown`() throws {
        let text = SettingsPrinter.text(try SettingsSample.resolve(given).get())
        #expect(text.contains("# JWT_SECRET=(set, not shown)"))
        for secret in ["hunter2", "tokenhunter3", "wJalrXUtnFEMI"] { #expect(!text.contains(secret)) }
    }

    @Test func `values are grouped by where they came from, what was chosen first`() throws {
        let resolution = try SettingsSample.resolve(
            ["SLUICE_WORKERS": "2"], file: "SLUICE_LOG_LEVEL=debug", flags: ["--listen=[::]:1"]).get()
        let text = SettingsPrinter.text(resolution)
        let headings = text.split(separator: "\n").filter { $0.hasPrefix("# ") && !$0.contains("=") }
        #expect(Set(headings.prefix(3)) == ["# from the environment", "# from flags", "# from sluice.env"])
        #expect(Array(headings.suffix(2)) == ["# defaults", "# not set"])
    }
}
