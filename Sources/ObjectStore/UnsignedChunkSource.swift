internal import Bytes
internal import HTTPClient
internal import SigV4

/// A part's bytes as aws-chunked without signatures, with their checksum behind them. Nothing is collected: a chunk's
/// line goes out with the first bytes of it, so a body that trickles is not held back.
final class UnsignedChunkSource: RequestBodySource {
    private let source: PartSource
    private let length: Int64
    private var collectedBytes: Int64 = 0
    /// Bytes that the chunk under way still wants.
    private var chunkRest = 0
    /// What is on its way; `sent` of it is gone.
    private var framed: [UInt8] = []
    private var sent = 0
    private var hasEnded = false

    init(_ source: PartSource, length: Int64) {
        self.source = source
        self.length = length
    }

    func next(_ take: (Span<UInt8>) -> Int) -> BodySupply {
        if sent == framed.count {
            guard !hasEnded else { return .end }
            framed.removeAll(keepingCapacity: true)
            sent = 0
            if collectedBytes < length {
                // One call for each frame: whether the store waits for the source is seen by its last answer.
                let supply = source.next { add($0) }
                guard case .supplied = supply else { return supply }
            }
            if collectedBytes == length { end() }
        }
        sent += take(framed.span.extracting(sent..<framed.count))
        return .supplied
    }

    func rewind() -> Bool {
        guard source.rewind() else { return false }
        collectedBytes = 0
        chunkRest = 0
        framed.removeAll(keepingCapacity: true)
        sent = 0
        hasEnded = false
        return true
    }

    /// Takes as much of `bytes` as the chunk has room for.
    private func add(_ bytes: Span<UInt8>) -> Int {
        if chunkRest == 0 {
            chunkRest = Int(min(Int64(ChunkTrailer.chunkBytes), length - collectedBytes))
            ChunkFraming.appendUnsignedHead(count: chunkRest, to: &framed)
        }
        let count = min(bytes.count, chunkRest)
        framed.append(contentsOf: bytes.extracting(first: count))
        collectedBytes += Int64(count)
        chunkRest -= count
        if chunkRest == 0 { framed.append(contentsOf: [0x0D, 0x0A]) }
        return count
    }

    private func end() {
        ChunkFraming.appendUnsignedEnd(
            trailers: ChunkTrailer.trailers(.unsignedTrailer, source.checksum), to: &framed)
        hasEnded = true
    }
}
