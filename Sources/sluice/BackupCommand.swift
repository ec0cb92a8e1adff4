internal import ArgumentParser
internal import Daemon
internal import Settings

struct BackupCommand: SettingsCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup",
        abstract: "Copy the record of uploads to a file, beside a running daemon.",
        discussion: """
            The copy is what the record was when the command began. It is checked and gets its name at the end; until \
            then it is FILE.partial-NUMBER. Run it as the user that the daemon runs as. Docs/Operations.md says how to \
            restore it.
            """)

    @OptionGroup var options: SettingsOptions

    @Argument(help: ArgumentHelp("Where the copy goes.", valueName: "file"))
    var file: String

    @Flag(help: "Replace a file that is there.")
    var force = false

    func run(flags: [SettingAssignment]) -> Never {
        Backup.run(
            SettingsRequest(flags: flags, envFile: options.envFile, isDevelopment: options.dev), to: file,
            replaces: force)
    }
}
