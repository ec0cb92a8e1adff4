internal import ArgumentParser
internal import Daemon
internal import Settings

struct RecoverCommand: SettingsCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover",
        abstract: "Settle what dead processes left in record and store, as each start of the daemon does.",
        discussion: """
            Completes or removes uploads that were left unfinished, deletes images whose time has come, and aborts old \
            uploads in the store that the record does not know. What a running daemon has in hand is left alone, so it \
            may go on meanwhile. Ends with 0 when everything is settled, with 1 when something is kept for later.
            """)

    @OptionGroup var options: SettingsOptions

    @Flag(help: "Only print what would be done: nothing is changed, and the store is asked for lists alone.")
    var dryRun = false

    func run(flags: [SettingAssignment]) -> Never {
        Recover.run(
            SettingsRequest(flags: flags, envFile: options.envFile, isDevelopment: options.dev), isDryRun: dryRun)
    }
}
