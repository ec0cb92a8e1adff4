/// Fails for inputs that begin with `dead`: out of reach of chance, and a matter of seconds for a fuzzer that sees
/// which input came one byte further than the ones before.
package enum Canary {
    package static func run(_ input: Span<UInt8>) throws(OracleFailure) {
        guard input.count > 0, input[0] == UInt8(ascii: "d") else { return }
        guard input.count > 1, input[1] == UInt8(ascii: "e") else { return }
        guard input.count > 2, input[2] == UInt8(ascii: "a") else { return }
        guard input.count > 3, input[3] == UInt8(ascii: "d") else { return }
        throw OracleFailure("the canary fell, as it must")
    }
}
