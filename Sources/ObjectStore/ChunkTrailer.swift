internal import SigV4

/// The trailer that S3 checks a part's bytes against.
enum ChunkTrailer {
    static let name = "x-amz-checksum-crc32c"

    /// Chunks of parts: S3 wants 8 KiB at least of all but the last; each signed one costs 88 bytes on the wire and an
    /// HMAC, and is collected before it is sent.
    static let chunkBytes = 65_536

    /// `Content-Length` of a part of `length` bytes; nil for a length that makes no sense.
    static func encodedLength(_ length: Int64, _ framing: ChunkFraming) -> Int64? {
        framing.encodedLength(decoded: length, chunkBytes: Int64(chunkBytes), trailers: trailers(framing))
    }

    /// The trailers of a body whose checksum is `checksum`; without one they have the length that they will have.
    static func trailers(_ framing: ChunkFraming, _ checksum: String? = nil) -> [(name: String, value: String)] {
        switch framing {
        case .signed: []
        case .signedTrailer, .unsignedTrailer: [(name, checksum ?? "AAAAAA==")]
        }
    }
}
