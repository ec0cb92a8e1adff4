internal import ArgumentParser
internal import Daemon
internal import Settings

struct SettingsListCommand: SettingsCommand {
    static let configuration = CommandConfiguration(
        commandName: "settings",
        abstract: "Print the effective settings and where each came from; secrets are never printed.")

    @OptionGroup var options: SettingsOptions

    @Flag(help: "Print what every setting means instead, as a Markdown table.")
    var reference = false

    func run(flags: [SettingAssignment]) -> Never {
        let request = SettingsRequest(flags: flags, envFile: options.envFile, isDevelopment: options.dev)
        if reference { PrintSettings.reference() }
        PrintSettings.run(request)
    }
}
