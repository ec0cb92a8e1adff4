internal import FuzzHarness
internal import Linux

/// `sluice-replay TARGET FILE...`: runs inputs through the harness of a fuzz target, in a build without a fuzzer.
///
/// Exit codes: 0 every input passed, 1 an oracle failed, 2 wrong usage or a file that cannot be read. A trap ends the
/// process as it would end the fuzzer.
@main
enum Replay {
    /// Longer than any input that a fuzzer keeps.
    private static let inputBytesMax = 64 << 20

    static func main() {
        let arguments = CommandLine.arguments.dropFirst()
        guard let name = arguments.first, arguments.count >= 2 else {
            Exit.usage(["usage: sluice-replay TARGET FILE..., TARGET one of \(names)"])
        }
        guard let target = FuzzTarget(rawValue: name) else {
            Exit.usage(["there is no fuzz target \(name); there are \(names)"])
        }
        var failures = 0
        for path in arguments.dropFirst() {
            let bytes: [UInt8]
            do throws(SystemError) {
                bytes = try Files.readWhole(path, bytesMax: inputBytesMax)
            } catch {
                Exit.usage(["\(path) cannot be read: \(error)"])
            }
            do throws(OracleFailure) {
                try target.run(bytes.span)
                print("\(path): passed")
            } catch {
                print("\(path): FAILED: \(error)")
                failures += 1
            }
        }
        if failures > 0 { Exit.failed(["\(failures) of \(arguments.count - 1) inputs failed"]) }
    }

    private static var names: String { FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ") }
}
