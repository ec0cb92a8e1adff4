internal import Bytes
package import FuzzBasics
internal import HTTPWire

/// Fuzzes the reading of requests that are right by construction, and of the same ones with one defect: an input
/// chooses methods, targets, fields, framings and bodies, and which request has which defect.
///
/// Without a defect every request is read with exactly its body; with one, exactly those before it are.
package enum RequestGenerated {
    package static func run(_ input: Span<UInt8>, effort: Effort) throws(OracleFailure) {
        try check(input, effort: effort) { stream, cuts throws(OracleFailure) in
            try WireTranscript(stream, cuts: cuts, limits: WireLimits())
        }
    }

    /// The oracle, over any way to read a stream in pieces.
    package static func check(
        _ input: Span<UInt8>, effort: Effort = .all,
        read: (_ stream: Span<UInt8>, _ cuts: [Int]) throws(OracleFailure) -> WireTranscript
    ) throws(OracleFailure) {
        let made = GeneratedStream(input)
        for cuts in [[]] + CutPlans.plans(for: made.bytes.span, effort: effort) {
            let transcript = try read(made.bytes.span, cuts)
            let complete = transcript.requests.filter { $0.end != nil }
            guard complete.map(\.body) == made.bodies else {
                throw OracleFailure(
                    "\(complete.count) requests, not \(made.bodies.count), or other bodies: \(made.text)")
            }
            guard let defect = made.defect else {
                guard transcript.refusal == nil, transcript.requests.count == complete.count,
                    transcript.position == .betweenRequests
                else { throw OracleFailure("a right stream was refused: \(made.text)") }
                continue
            }
            guard let refusal = transcript.refusal else {
                throw OracleFailure("\(defect) went unnoticed: \(made.text)")
            }
            guard refusal.status >= 400, transcript.position == .refused else { throw OracleFailure("\(refusal)") }
        }
    }
}
