internal import Bytes
package import FuzzBasics
package import Images

/// Fuzzes the judgement of a file's first bytes: it equals that of the signatures written out, it never changes its
/// mind as more bytes come, and of two types one at most matches.
package enum MagicReading {
    package static func run(_ input: Span<UInt8>) throws(OracleFailure) {
        try check(input) { MagicNumber.verdict(of: $0, isWhole: $1, $2) }
    }

    private static func signatures(_ type: ImageType) -> [[UInt8]] {
        switch type {
        case .jpeg: [[0xFF, 0xD8, 0xFF]]
        case .png: [[0x89] + Array("PNG\r\n\u{1A}\n".utf8)]
        case .gif: [Array("GIF87a".utf8), Array("GIF89a".utf8)]
        }
    }

    /// The oracle, over any way to judge.
    package static func check(
        _ input: Span<UInt8>, judge: (_ prefix: Span<UInt8>, _ isWhole: Bool, _ type: ImageType) -> MagicVerdict
    ) throws(OracleFailure) {
        let bytes = input.copied()
        var matches = 0
        for type in ImageType.allCases {
            for count in 0 ... min(bytes.count, 24) {
                let prefix = Array(bytes.prefix(count))
                let isRight = signatures(type).contains { prefix.starts(with: $0) }
                let mayBe = signatures(type).contains { $0.starts(with: prefix) }
                let early = judge(prefix.span, false, type)
                guard early == (isRight ? .matches : mayBe ? .needsMore : .refused) else {
                    throw OracleFailure("\(early) of \(prefix) as \(type)")
                }
                guard judge(prefix.span, true, type) == (isRight ? .matches : .refused) else {
                    throw OracleFailure("the whole of \(prefix) as \(type)")
                }
                guard early != .needsMore || count < MagicNumber.bytesMax else { throw OracleFailure("asks for more") }
            }
            if judge(input, true, type) == .matches { matches += 1 }
        }
        guard matches <= 1 else { throw OracleFailure("two types at once") }
    }
}
