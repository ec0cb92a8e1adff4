package import FuzzBasics
internal import FuzzBounds
internal import HTTPWire

/// Fuzzes the reading of requests by writing them again: what was read, written out and read once more is the same, and
/// stands where it was put.
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
        let (written, places) = write(first)
        let transcript = try read(written.span)
        if let refusal = transcript.refusal { throw OracleFailure("\(refusal), though it was read: \(text(written))") }
        let second = meanings(transcript, of: written.span)
        guard second == first else { throw OracleFailure("\(second)\nbefore it was written: \(first)") }
        // A reader that loses its place may still find the same requests: an empty line before one is no part of it.
        for (request, place) in zip(transcript.requests, places) {
            let bodyStart = request.start + request.head.headBytes
            guard request.start == place.start, bodyStart == place.bodyStart, request.end ?? place.end == place.end
            else { throw OracleFailure("a request is found elsewhere than it was put: \(text(written))") }
        }
    }

    private static func meanings(_ transcript: WireTranscript, of stream: Span<UInt8>) -> [RequestMeaning] {
        var meanings: [RequestMeaning] = []
        for request in transcript.requests { meanings.append(RequestMeaning(request, of: stream)) }
        return meanings
    }

    /// The offsets of a request's first byte, of its body's, and of what is behind it.
    private typealias Place = (start: Int, bodyStart: Int, end: Int)

    private static func write(_ requests: [RequestMeaning]) -> (wire: [UInt8], places: [Place]) {
        var wire: [UInt8] = []
        var places: [Place] = []
        for request in requests {
            let start = wire.count
            request.writeHead(to: &wire)
            let bodyStart = wire.count
            request.writeBody(to: &wire)
            places.append((start, bodyStart, wire.count))
        }
        return (wire, places)
    }

    private static func text(_ wire: [UInt8]) -> String { String(decoding: wire, as: UTF8.self).debugDescription }
}
