internal import ArgumentParser
internal import Daemon
internal import Settings

struct ServeCommand: SettingsCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the daemon.",
        discussion: """
            Needs S3_BUCKET, AWS_REGION, credentials and the secret of the tokens, from SSM or from JWT_SECRET; \
            --dev needs nothing. SIGTERM ends it after the uploads under way.
            """)

    @OptionGroup var options: SettingsOptions

    func run(flags: [SettingAssignment]) -> Never {
        Serve.run(SettingsRequest(flags: flags, envFile: options.envFile, isDevelopment: options.dev))
    }
}
