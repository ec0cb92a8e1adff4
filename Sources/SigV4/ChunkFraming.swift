internal import Bytes

/// The framing of aws-chunked bodies: what stands between the chunks when nothing is signed, and how long a body gets,
/// which `Content-Length` says before the first byte.
package enum ChunkFraming: Sendable {
    /// `10000;chunk-signature=…`, the end chunk and CRLF.
    case signed
    /// Signed chunks, then trailers and `x-amz-trailer-signature`.
    case signedTrailer
    /// Bare sizes, then trailers.
    case unsignedTrailer

    static let signatureParameter = ";chunk-signature="
    static let trailerSignatureName = "x-amz-trailer-signature"
    private static let signatureBytes = 64

    /// Appends the line before an unsigned chunk of `count` bytes. The chunk follows, then CRLF.
    package static func appendUnsignedHead(count: Int, to output: inout [UInt8]) {
        Hex.append(UInt64(count), to: &output)
        output.append(text: "\r\n")
    }

    /// Appends the empty chunk and the trailers that end a body of unsigned chunks.
    package static func appendUnsignedEnd(trailers: [(name: String, value: String)], to output: inout [UInt8]) {
        appendUnsignedHead(count: 0, to: &output)
        append(trailers: trailers, to: &output)
        output.append(text: "\r\n")
    }

    /// Bytes on the wire of one chunk of `count` > 0 bytes, its line and its CRLF.
    package func encodedLength(chunk count: Int64) -> Int64 {
        headLength(count) + count + 2
    }

    /// Bytes on the wire from the empty chunk to the end.
    package func encodedLength(endWith trailers: [(name: String, value: String)]) -> Int64 {
        var length = headLength(0) + 2
        for (name, value) in trailers { length += Int64(name.utf8.count + 1 + value.utf8.count + 2) }
        guard self == .signedTrailer else { return length }
        return length + Int64(Self.trailerSignatureName.utf8.count + 1 + Self.signatureBytes + 2)
    }

    /// Bytes on the wire of a body of `decoded` bytes in chunks of `chunkBytes`, the last one shorter; nil when that
    /// is more than 2^63 − 1, or an argument makes no sense.
    package func encodedLength(
        decoded: Int64, chunkBytes: Int64, trailers: [(name: String, value: String)] = []
    ) -> Int64? {
        guard decoded >= 0, chunkBytes > 0 else { return nil }
        let (full, rest) = decoded.quotientAndRemainder(dividingBy: chunkBytes)
        let overhead = full.multipliedReportingOverflow(by: headLength(chunkBytes) + 2)
        var length = overhead.partialValue.addingReportingOverflow(decoded)
        guard !overhead.overflow, !length.overflow else { return nil }
        if rest > 0 { length = length.partialValue.addingReportingOverflow(headLength(rest) + 2) }
        guard !length.overflow else { return nil }
        length = length.partialValue.addingReportingOverflow(encodedLength(endWith: trailers))
        return length.overflow ? nil : length.partialValue
    }

    static func append(trailers: [(name: String, value: String)], to output: inout [UInt8]) {
        for (name, value) in trailers {
            output.append(text: name)
            output.append(0x3A)
            output.append(text: value)
            output.append(text: "\r\n")
        }
    }

    /// Bytes of the line before a chunk, its CRLF included.
    private func headLength(_ count: Int64) -> Int64 {
        let significantBits = 64 - max(count, 1).leadingZeroBitCount
        let digits = Int64((significantBits + 3) / 4)
        switch self {
        case .signed, .signedTrailer:
            return digits + Int64(Self.signatureParameter.utf8.count + Self.signatureBytes) + 2
        case .unsignedTrailer:
            return digits + 2
        }
    }
}
