package import FuzzBasics
internal import FuzzBounds
package import HTTPWire

/// Fuzzes the reading of requests: any cut of a stream gives the same requests, and what was read is what a second,
/// plain reading of the whole stream finds.
package enum RequestSplit {
    /// Every bound within reach of a few hundred bytes, so that the bounds are fuzzed too.
    package static let tightLimits = RequestBounds.tightLimits

    package static func run(_ input: Span<UInt8>, effort: Effort) throws(OracleFailure) {
        try RequestBounds.forEachLimits(input, effort: effort) { limits throws(OracleFailure) in
            try check(input, effort: effort) { stream, cuts throws(OracleFailure) in
                try WireTranscript(stream, cuts: cuts, limits: limits)
            }
        }
    }

    /// The oracle, over any way to read a stream in pieces.
    package static func check(
        _ stream: Span<UInt8>, effort: Effort = .all,
        read: (_ stream: Span<UInt8>, _ cuts: [Int]) throws(OracleFailure) -> WireTranscript
    ) throws(OracleFailure) {
        let whole = try read(stream, [])
        try WireOracle.check(whole, of: stream)
        for cuts in CutPlans.plans(for: stream, effort: effort) {
            let pieces = try read(stream, cuts)
            guard pieces == whole else {
                throw OracleFailure("cut at \(cuts.prefix(20)): \(pieces)\nwhole: \(whole)")
            }
        }
    }
}
