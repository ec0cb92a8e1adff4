internal import ArgumentParser
internal import Daemon
internal import Settings

struct DoctorCommand: SettingsCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Check everything that the daemon needs, and say what to fix.",
        discussion: """
            One line for each: ok, warning, or FAIL with what to do. Exit code 0 when the daemon could serve, 1 when \
            not. Works beside a running daemon and changes nothing; at the store it opens an upload and aborts it. Run \
            it as the user that the daemon runs as.
            """)

    @OptionGroup var options: SettingsOptions

    @Flag(help: "Compare the record's indexes with its table, too, which takes longer.")
    var full = false

    func run(flags: [SettingAssignment]) -> Never {
        Doctor.run(
            SettingsRequest(flags: flags, envFile: options.envFile, isDevelopment: options.dev), isFull: full)
    }
}
