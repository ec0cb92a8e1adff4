internal import ArgumentParser
internal import FuzzReplay

struct ReplayCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Run inputs through a fuzz target, to see a finding again.",
        discussion: """
            Targets: \(Replaying.names).

            Says of each file whether it passed. Ends with 0 when all did, with 1 when one failed, with 2 when a file \
            cannot be read and none failed.
            """)

    @Argument(help: "A fuzz target.")
    var target: String

    @Argument(help: ArgumentHelp("Files with one input each.", valueName: "file"))
    var files: [String]

    func run() { Replaying.run(target, files: files) }
}
