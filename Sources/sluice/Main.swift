internal import ArgumentParser
internal import Daemon
internal import Linux
internal import Settings

/// The program. It only reads its arguments: what happens is in `Daemon`.
@main
enum Main {
    static func main() {
        StandardStreams.ensureOpen()
        let arguments = Array(CommandLine.arguments.dropFirst())
        let split = SettingFlags.split(arguments)
        do {
            var command = try Sluice.parseAsRoot(split.rest)
            guard split.problems.isEmpty else { Exit.usage(split.problems.map(\.description)) }
            if let settingsCommand = command as? any SettingsCommand {
                settingsCommand.run(flags: split.assignments)
            } else {
                try command.run()
            }
        } catch {
            let text = Sluice.fullMessage(for: error)
            if Sluice.exitCode(for: error) == .success { Exit.done(text) }
            Exit.usage([text])
        }
    }
}

/// A command that takes settings: the flags among its arguments that are the table's, not its own.
protocol SettingsCommand: ParsableCommand {
    func run(flags: [SettingAssignment]) -> Never
}

struct Sluice: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sluice",
        abstract: "A streaming gateway for image uploads: verifies, limits and passes them on to S3 as they arrive.",
        discussion: """
            Settings come from flags, the environment and --env-file, in this order of precedence. A setting named \
            SLUICE_X_Y is also the flag --x-y. `sluice settings --reference` explains all of them.

            Exit codes: 0 done, 1 failed, 2 wrong usage or settings.
            """,
        version: "sluice \(Version.text)",
        subcommands: [
            ServeCommand.self, TokenCommand.self, SettingsListCommand.self, BackupCommand.self,
            DoctorCommand.self, RecoverCommand.self, ReplayCommand.self,
        ])
}

/// Options of every command that reads the settings.
struct SettingsOptions: ParsableArguments {
    @Option(help: ArgumentHelp("Read settings from this file of NAME=VALUE lines.", valueName: "path"))
    var envFile: String?

    @Flag(help: "Development mode: directory store and a made-up secret, all under .sluice-dev/.")
    var dev = false
}
