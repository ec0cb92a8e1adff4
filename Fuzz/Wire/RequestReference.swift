internal import Bytes
package import FuzzBasics
internal import FuzzBounds
internal import FuzzPlain
package import HTTPWire

/// Fuzzes the parsing of heads against a second parser that is slow and driven by a table: both take the same heads,
/// and find the same in them.
package enum RequestReference {
    package static func run(_ input: Span<UInt8>, effort: Effort) throws(OracleFailure) {
        let plain = TableHead(input.copied())
        try RequestBounds.forEachLimits(input, effort: effort) { limits throws(OracleFailure) in
            var parser = RequestParser(limits: limits)
            let progress = parser.parse(input)
            try check(progress, plain, of: input, limits: limits)
            guard parser.parse(input) == progress else { throw OracleFailure("asked again, it says another thing") }
        }
    }

    /// The oracle, over any way to parse a head.
    package static func check(
        _ input: Span<UInt8>, limits: WireLimits, parse: (Span<UInt8>) -> HeadProgress
    ) throws(OracleFailure) {
        try check(parse(input), TableHead(input.copied()), of: input, limits: limits)
    }

    private static func check(
        _ progress: HeadProgress, _ plain: TableHead?, of input: Span<UInt8>, limits: WireLimits
    ) throws(OracleFailure) {
        let expected = plain.flatMap { TableVerdict($0, limits) }
        guard case .head(let head) = progress else {
            guard expected == nil else { throw OracleFailure("\(progress), and it is a right head") }
            return
        }
        let found = TableVerdict(head, of: input)
        guard let expected else { throw OracleFailure("taken, and it is no right head: \(found)") }
        guard found == expected else { throw OracleFailure("\(found), not \(expected)") }
        try checkNames(head, input.copied(), input)
    }

    private static let names = KnownField.allCases.map { (field: $0, name: $0.name) }

    /// The fields by what they are known as: which, how many of each, and their values in order.
    private static func checkNames(
        _ head: RequestHead, _ bytes: [UInt8], _ input: Span<UInt8>
    ) throws(OracleFailure) {
        for slice in head.fields {
            let name = bytes[slice.name.range]
            let known = names.first { PlainLetters.isSame(name, $0.name) }?.field ?? .other
            guard slice.known == known else { throw OracleFailure("\(slice.known), not \(known)") }
            guard known != .other else { continue }
            let same = head.fields.filter { PlainLetters.isSame(bytes[$0.name.range], known.name) }
            var values: [[UInt8]] = []
            head.forEachValue(of: known, in: input) { values.append($0.copied()) }
            guard values == same.map({ Array(bytes[$0.value.range]) }), head.count(of: known) == same.count,
                head.value(of: known, in: input)?.copied() == values.first
            else { throw OracleFailure("other values of \(known)") }
        }
        let absent = names[head.headBytes % names.count].field
        guard absent == .other || head.count(of: absent) > 0 || head.value(of: absent, in: input) == nil
        else { throw OracleFailure("a value of no \(absent)") }
        let declared: UInt64? =
            switch head.framing {
            case .none: 0
            case .length(let length): length
            case .chunked: nil
            }
        guard head.framing.declaredBytes == declared else { throw OracleFailure("another declared length") }
    }
}
