internal import SigV4

/// The trailer that S3 checks a part's bytes against.
enum ChunkTrailer {
    static let name = "x-amz-checksum-crc32c"

    /// Bytes of a part's chunks but the last, where nothing is collected for them.
    static let chunkBytes = 65_536

    /// The same of signed chunks whose bytes are still to come. Such a chunk is collected before it is sent, and while
    /// that takes the store gets nothing: 8 s at a body's least rate of 1,024 bytes a second, where S3 cuts an idle
    /// upload after about 20. Beside the bytes that a PutObject withholds, twice as much would be too long, and S3
    /// wants 8 KiB at least (https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html). Each costs 88 bytes
    /// on the wire and an HMAC.
    static let slowChunkBytes = 8_192

    /// - Parameter isThere: whether all bytes of the part are.
    static func chunkBytes(_ framing: ChunkFraming, isThere: Bool) -> Int {
        switch framing {
        case .signed, .signedTrailer: isThere ? chunkBytes : slowChunkBytes
        case .unsignedTrailer: chunkBytes
        }
    }

    /// `Content-Length` of a part of `length` bytes; nil for a length that makes no sense.
    static func encodedLength(_ length: Int64, _ framing: ChunkFraming, chunkBytes: Int = chunkBytes) -> Int64? {
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
