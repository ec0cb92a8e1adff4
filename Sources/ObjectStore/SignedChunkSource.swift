internal import AWS
internal import Bytes
internal import HTTPClient
internal import SigV4

/// A part's bytes as aws-chunked with a signature for each chunk, and with a signed checksum behind them where that is
/// asked for: a chunk is collected, hashed, signed and then handed on, with those behind it that are all there. All
/// chunks but the last are of the same size, so that the encoded length is known beforehand.
final class SignedChunkSource: RequestBodySource {
    private let source: PartSource
    private let hasTrailer: Bool
    private let length: Int64
    private let chunkBytes: Int
    private let first: ChunkSigner<LibcryptoSigning>
    private var signer: ChunkSigner<LibcryptoSigning>
    private let hash: LibcryptoSigning
    private var collectedBytes: Int64 = 0
    private var chunk: [UInt8] = []
    /// What is on its way: chunks, each behind its line and before its end. `sent` of it is gone.
    private var framed: [UInt8] = []
    private var sent = 0
    private var hasEnded = false

    /// Chunks that are all there are handed on together until there are so many bytes: with the last of them they fill
    /// one write of 64 KiB, so that a fast body takes no more of them than if its chunks were long.
    private static let batchBytes = 7 * ChunkTrailer.slowChunkBytes

    init(
        _ source: PartSource, length: Int64, chunkBytes: Int, signer: ChunkSigner<LibcryptoSigning>,
        hash: LibcryptoSigning, hasTrailer: Bool = false
    ) {
        self.source = source
        self.hasTrailer = hasTrailer
        self.length = length
        self.chunkBytes = chunkBytes
        first = signer
        self.signer = signer
        self.hash = hash
    }

    func next(_ take: (Span<UInt8>) -> Int) -> BodySupply {
        if sent == framed.count {
            guard !hasEnded else { return .end }
            framed.removeAll(keepingCapacity: true)
            sent = 0
            repeat {
                if let shortage = collect() {
                    if framed.isEmpty { return shortage }
                    break
                }
                frame()
            } while !hasEnded && framed.count < Self.batchBytes && source.readyBytes >= wantedBytes
        }
        sent += take(framed.span.extracting(sent..<framed.count))
        return .supplied
    }

    func rewind() -> Bool {
        guard source.rewind() else { return false }
        signer = first
        collectedBytes = 0
        chunk.removeAll(keepingCapacity: true)
        framed.removeAll(keepingCapacity: true)
        sent = 0
        hasEnded = false
        return true
    }

    /// Bytes that the chunk under way will have.
    private var wantedBytes: Int {
        Int(min(Int64(chunkBytes), length - collectedBytes + Int64(chunk.count)))
    }

    /// - Returns: nil once the chunk is all there, else why it is not.
    private func collect() -> BodySupply? {
        let wanted = wantedBytes
        while chunk.count < wanted {
            let supply = source.next { span in
                let room = min(span.count, wanted - chunk.count)
                chunk.append(contentsOf: span.extracting(0..<room))
                collectedBytes += Int64(room)
                return room
            }
            guard case .supplied = supply else { return supply }
        }
        return nil
    }

    private func frame() {
        if !chunk.isEmpty {
            signer.appendHead(count: chunk.count, digest: hash.sha256(chunk.span), to: &framed)
            framed.append(contentsOf: chunk.span)
            framed.append(contentsOf: [0x0D, 0x0A])
            chunk.removeAll(keepingCapacity: true)
        }
        if collectedBytes == length {
            if hasTrailer {
                signer.appendEnd(trailers: ChunkTrailer.trailers(.signedTrailer, source.checksum), to: &framed)
            } else {
                signer.appendEnd(to: &framed)
            }
            hasEnded = true
        }
    }
}
