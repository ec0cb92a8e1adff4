internal import Bytes

/// Writes what stands between the chunks of an aws-chunked body whose chunks are signed, each signature continuing the
/// one before (Amazon S3 API Reference, "Signature calculations for the Authorization header: transferring payload in
/// multiple chunks").
package struct ChunkSigner<Hash: SigningHash> {
    private let hash: Hash
    private let key: SigningKey<Hash>
    private let date: String
    private var previous: SigningDigest
    private var text: [UInt8] = []

    package init(hash: Hash, key: SigningKey<Hash>, date: String, seed: SigningDigest) {
        self.hash = hash
        self.key = key
        self.date = date
        previous = seed
    }

    /// Appends the line before a chunk of `count` bytes whose SHA-256 is `digest`. The chunk follows, then CRLF.
    package mutating func appendHead(count: Int, digest: SigningDigest, to output: inout [UInt8]) {
        writeStringToSign("AWS4-HMAC-SHA256-PAYLOAD\n")
        text.append(text: PayloadHash.emptyText)
        text.append(0x0A)
        Hex.appendLower(digest.span, to: &text)
        previous = hash.code(for: text.span, under: key.key)
        Hex.append(UInt64(count), to: &output)
        output.append(text: ChunkFraming.signatureParameter)
        Hex.appendLower(previous.span, to: &output)
        output.append(text: "\r\n")
    }

    /// Appends the empty chunk that ends a body without trailers.
    package mutating func appendEnd(to output: inout [UInt8]) {
        appendHead(count: 0, digest: hash.sha256([UInt8]().span), to: &output)
        output.append(text: "\r\n")
    }

    /// Appends the empty chunk, the trailers (lower-case names, in the order given) and their signature.
    package mutating func appendEnd(trailers: [(name: String, value: String)], to output: inout [UInt8]) {
        appendHead(count: 0, digest: hash.sha256([UInt8]().span), to: &output)
        var canonical: [UInt8] = []
        for (name, value) in trailers {
            canonical.append(text: name)
            canonical.append(0x3A)
            canonical.append(text: value)
            canonical.append(0x0A)
        }
        writeStringToSign("AWS4-HMAC-SHA256-TRAILER\n")
        Hex.appendLower(hash.sha256(canonical.span).span, to: &text)
        previous = hash.code(for: text.span, under: key.key)
        ChunkFraming.append(trailers: trailers, to: &output)
        output.append(text: ChunkFraming.trailerSignatureName)
        output.append(0x3A)
        Hex.appendLower(previous.span, to: &output)
        output.append(text: "\r\n\r\n")
    }

    /// The string to sign of the last signature, for tests.
    package var lastStringToSign: String { String(decoding: text, as: UTF8.self) }

    /// The last signature.
    package var lastSignature: SigningDigest { previous }

    private mutating func writeStringToSign(_ algorithm: String) {
        text.removeAll(keepingCapacity: true)
        text.append(text: algorithm)
        text.append(text: date)
        text.append(0x0A)
        text.append(contentsOf: key.scope)
        text.append(0x0A)
        Hex.appendLower(previous.span, to: &text)
        text.append(0x0A)
    }
}
