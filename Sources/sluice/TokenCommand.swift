internal import ArgumentParser
internal import Daemon
internal import Settings

struct TokenCommand: SettingsCommand {
    static let configuration = CommandConfiguration(
        commandName: "token",
        abstract: "Print a token signed with the configured secret.",
        discussion: "For tests, and for a backend that registers images (--role SERVICE).")

    @OptionGroup var options: SettingsOptions

    @Option(help: "The user the token is for: one safe path segment.")
    var sub = "1"

    @Option(help: "USER, GUEST, or one of SLUICE_TRUSTED_ROLES.")
    var role: String?

    @Option(help: ArgumentHelp("How long the token is valid, in seconds.", valueName: "seconds"))
    var expiresIn: Int64 = 3_600

    @Option(help: ArgumentHelp("HS256, HS384 or HS512.", valueName: "alg"))
    var algorithm = "HS256"

    func run(flags: [SettingAssignment]) -> Never {
        MintToken.run(
            SettingsRequest(flags: flags, envFile: options.envFile, isDevelopment: options.dev),
            TokenRequest(subject: sub, role: role, expiresInSeconds: expiresIn, algorithm: algorithm))
    }
}
