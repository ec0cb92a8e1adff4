internal import FuzzBasics
internal import FuzzHarness
internal import Linux

/// Runs inputs through the harness of a fuzz target, in a build without a fuzzer: `sluice replay`, and `sluice-replay`
/// where the daemon need not be built for it.
///
/// Exit codes: 0 every input passed, 1 an oracle failed, 2 wrong usage, or a file could not be read and none failed. A
/// trap in the code under test ends the process as it would end the fuzzer.
package enum Replaying {
    /// Longer than any input that a fuzzer keeps.
    private static let inputBytesMax = 64 << 20

    /// What there is to choose from.
    package static var names: String { FuzzTarget.allCases.map(\.rawValue).joined(separator: ", ") }

    package static func run(_ name: String, files: [String]) -> Never {
        guard let target = FuzzTarget(rawValue: name) else {
            Exit.usage(["there is no fuzz target \(name); there are \(names)"])
        }
        var failures = 0
        var unread = 0
        for path in files {
            guard let bytes = bytes(of: path) else {
                unread += 1
                continue
            }
            do throws(OracleFailure) {
                try target.run(bytes.span)
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
}
