internal import FuzzReplay
internal import Linux

/// `sluice-replay TARGET FILE...`: `sluice replay` without the daemon around it, for builds that count coverage.
@main
enum Replay {
    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        guard let name = arguments.first, arguments.count >= 2 else {
            Exit.usage(["usage: sluice-replay TARGET FILE..., TARGET one of \(Replaying.names)"])
        }
        Replaying.run(name, files: Array(arguments.dropFirst()))
    }
}
