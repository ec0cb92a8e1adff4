internal import AWS
internal import Bytes
internal import HTTPClient
internal import SigV4

/// A part's bytes as aws-chunked with a signature for each chunk, and with a signed checksum behind them where that is
/// asked for: a chunk is collected, hashed, signed and then handed on. All chunks but the last are of the same size, so
/// that the encoded length is known beforehand.
final class SignedChunkSource: RequestBodySource {
    private let source: PartSource
    private let hasTrailer: Bool
    private let length: Int64
    private let first: ChunkSigner<LibcryptoSigning>
    private var signer: ChunkSigner<LibcryptoSigning>
    private let hash: LibcryptoSigning
    private var collectedBytes: Int64 = 0
    private var chunk: [UInt8] = []
    /// What is on its way: a chunk's line, the chunk, its end. `sent` of it is gone.
    private var framed: [UInt8] = []
    private var sent = 0
    private var hasEnded = false

    init(
        _ source: PartSource, length: Int64, signer: ChunkSigner<LibcryptoSigning>, hash: LibcryptoSigning,
        hasTrailer: Bool = false
    ) {
        self.source = source
        self.hasTrailer = hasTrailer
        self.length = length
        first = signer
        self.signer = signer
        self.hash = hash
    }

    func next(_ take: (Span<UInt8>) -> Int) -> BodySupply {
        if sent == framed.count {
            guard !hasEnded else { return .end }
            let wanted = Int(min(Int64(ChunkTrailer.chunkBytes), length - collectedBytes + Int64(chunk.count)))
            while chunk.count < wanted {
                let supply = source.next { span in
                    let room = min(span.count, wanted - chunk.count)
                    chunk.append(contentsOf: span.extracting(0..<room))
                    collectedBytes += Int64(room)
                    return room
                }
                if case .supplied = supply { continue }
                return supply
            }
            frame()
        }
        sent += take(framed.span.extracting(sent..<framed.count))
        return .supplied
    }

    var readyBytes: Int { source.readyBytes }

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

    private func frame() {
        framed.removeAll(keepingCapacity: true)
        sent = 0
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
