/// What every entry of libFuzzer does with an input.
///
/// An entry names its target's own body and not ``FuzzTarget``, so that a program has the counters of what its target
/// needs and no more: libFuzzer looks at each of them after each input.
package enum OracleTrap {
    /// Runs one input and ends the process where the oracle fails.
    @inline(__always)
    package static func run(
        _ target: StaticString, _ input: Span<UInt8>, _ body: (Span<UInt8>) throws(OracleFailure) -> Void
    ) {
        do throws(OracleFailure) {
            try body(input)
        } catch {
            end(target, error)
        }
    }

    @inline(never)
    private static func end(_ target: StaticString, _ failure: OracleFailure) -> Never {
        // Ending the process is how an oracle tells libFuzzer of a finding; no daemon and no test comes here.
        fatalError("\(target): \(failure)")
    }
}
