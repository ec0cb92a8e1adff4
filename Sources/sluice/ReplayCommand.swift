internal import ArgumentParser
internal import FuzzHarness
internal import Linux

/// Runs inputs through the harness of a fuzz target, in a build without a fuzzer. A trap in the code under test ends
/// the process as it would end the fuzzer.
struct ReplayCommand: ParsableCommand {
    /// Longer than any input that a fuzzer keeps.
    private static let inputBytesMax = 64 << 20

    static let configuration = CommandConfiguration(
        commandName: "replay",
        abstract: "Run inputs through a fuzz target, to see a finding again.",
        discussion: """
            Targets: \(names).

            Says of each file whether it passed. Ends with 0 when all did, with 1 when one failed, with 2 when a file \
            cannot be read and none failed.
            """)

    @Argument(help: "A fuzz target.")
    var target: String

    @Argument(help: ArgumentHelp("Files with one input each.", valueName: "file"))
    var files: [String]

    func run() {
        guard let subject = FuzzTarget(rawValue: target) else {
            Exit.usage(["there is no fuzz target \(target); there are \(Self.names)"])
        }
        var failures = 0
        var unread = 0
        for path in files {
            guard let bytes = Self.bytes(of: path) else {
                unread += 1
                continue
            }
            do throws(OracleFailure) {
                try subject.run(bytes.span)
                print("\(path): passed")
            } catch {
                print("\(path): FAILED: \(error)")
                failures += 1
            }
        }
        if failures > 0 { Exit.failed(["\(failures) of \(files.count) inputs failed"]) }
        if unread > 0 { Exit.usage(["\(unread) of \(files.count) inputs could not be read"]) }
        Exit.done()
    }

    /// A file's bytes; says why where they cannot be had.
    private static func bytes(of path: String) -> [UInt8]? {
        do throws(SystemError) {
            return try Files.readWhole(path, bytesMax: inputBytesMax)
        } catch {
            let reason = error.name == "EFBIG" ? "it holds more than \(inputBytesMax >> 20) MiB" : error.explanation
            StandardStreams.writeError("\(path) cannot be read: \(reason)\n")
            return nil
        }
    }

    private static var names: String { FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ") }
}
