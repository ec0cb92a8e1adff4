package import FuzzBasics
internal import FuzzBounds
internal import HTTPWire

/// Fuzzes the reading of requests by writing them again: what was read, written out and read once more is the same,
/// and writing that is no different either.
package enum RequestRoundTrip {
    package static func run(_ input: Span<UInt8>, effort: Effort) throws(OracleFailure) {
        try RequestBounds.forEachLimits(input, effort: effort) { limits throws(OracleFailure) in
            try check(input) { stream throws(OracleFailure) in
                try WireTranscript(stream, cuts: [], limits: limits)
            }
        }
    }

    /// The oracle, over any way to read a stream.
    package static func check(
        _ stream: Span<UInt8>, read: (_ stream: Span<UInt8>) throws(OracleFailure) -> WireTranscript
    ) throws(OracleFailure) {
        let first = meanings(try read(stream), of: stream)
        guard !first.isEmpty else { return }
        let written = write(first)
        let transcript = try read(written.span)
        if let refusal = transcript.refusal { throw OracleFailure("\(refusal), though it was read: \(text(written))") }
        let second = meanings(transcript, of: written.span)
        guard second == first else { throw OracleFailure("\(second)\nbefore it was written: \(first)") }
        guard write(second) == written else { throw OracleFailure("written otherwise: \(text(written))") }
    }

    private static func meanings(_ transcript: WireTranscript, of stream: Span<UInt8>) -> [RequestMeaning] {
        var meanings: [RequestMeaning] = []
        for request in transcript.requests { meanings.append(RequestMeaning(request, of: stream)) }
        return meanings
    }

    private static func write(_ requests: [RequestMeaning]) -> [UInt8] {
        var wire: [UInt8] = []
        for request in requests { request.write(to: &wire) }
        return wire
    }

    private static func text(_ wire: [UInt8]) -> String { String(decoding: wire, as: UTF8.self).debugDescription }
}
