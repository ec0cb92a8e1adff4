/// The fuzz targets by the names that their executables and their folders under `Fuzz` have.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// Must fail: it shows that the fuzzer sees coverage and that a failure is noticed.
    case canary = "Canary"
    case formSplit = "FormSplit"
    case profileFile = "ProfileFile"
    case requestSplit = "RequestSplit"
    case tokenVerify = "TokenVerify"

    /// Runs one input through the code under test and its oracle.
    package func run(_ input: Span<UInt8>) throws(OracleFailure) {
        switch self {
        case .canary: try Canary.run(input)
        case .formSplit: try FormSplit.run(input)
        case .profileFile: try ProfileReading.run(input)
        case .requestSplit: try RequestSplit.run(input)
        case .tokenVerify: try TokenVerify.run(input)
        }
    }

    /// Runs one input and ends the process where the oracle fails.
    package func runOrTrap(_ input: Span<UInt8>) {
        do throws(OracleFailure) {
            try run(input)
        } catch {
            // What libFuzzer notices and keeps the input of; only fuzz executables come here.
            fatalError("\(rawValue): \(error)")
        }
    }
}
