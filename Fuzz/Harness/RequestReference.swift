internal import Bytes
package import HTTPWire

/// Fuzzes the parsing of heads against a second parser that is slow and driven by a table: both take the same heads,
/// and find the same in them.
package enum RequestReference {
    package static func run(_ input: Span<UInt8>) throws(OracleFailure) {
        for limits in [WireLimits(), RequestSplit.tightLimits] {
            try check(input, limits: limits) { bytes in
                var parser = RequestParser(limits: limits)
                return parser.parse(bytes)
            }
        }
    }

    /// The oracle, over any way to parse a head.
    package static func check(
        _ input: Span<UInt8>, limits: WireLimits, parse: (Span<UInt8>) -> HeadProgress
    ) throws(OracleFailure) {
        let expected = TableHead(input.copied()).flatMap { TableVerdict($0, limits) }
        let progress = parse(input)
        guard case .head(let head) = progress else {
            guard expected == nil else { throw OracleFailure("\(progress), and it is a right head") }
            return
        }
        let found = TableVerdict(head, of: input)
        guard let expected else { throw OracleFailure("taken, and it is no right head: \(found)") }
        guard found == expected else { throw OracleFailure("\(found), not \(expected)") }
    }
}
