internal import Bytes
internal import HTTPClient

/// The owner's source of a part, watched: whether it or the store is being waited for, and whose fault an end is; and
/// summed up, where the store is to check the sum.
final class PartSource: RequestBodySource {
    private let source: any RequestBodySource
    private let length: Int64
    /// Bytes that were taken since the last ``rewind()``.
    private(set) var takenBytes: Int64 = 0
    var isTaken: Bool { takenBytes == length }
    /// The source itself failed, or ended before the declared length.
    private(set) var hasFailed = false
    /// The store waits for the source, not the other way round.
    private(set) var isPending = false
    private var sum: CRC32C?

    /// - Parameter hasChecksum: whether a checksum of the bytes is wanted.
    init(_ source: any RequestBodySource, length: Int64, hasChecksum: Bool = false) {
        self.source = source
        self.length = length
        sum = hasChecksum ? CRC32C() : nil
    }

    /// The CRC-32C of the bytes that were taken, as S3 writes it; nil where none is wanted.
    var checksum: String? { sum?.base64 }

    func next(_ take: (Span<UInt8>) -> Int) -> BodySupply {
        let supply = source.next { span in
            let count = take(span)
            takenBytes += Int64(count)
            sum?.update(span.extracting(first: count))
            return count
        }
        isPending = false
        switch supply {
        case .supplied: break
        case .pending: isPending = true
        case .failed: hasFailed = true
        case .end: hasFailed = hasFailed || takenBytes < length
        }
        return supply
    }

    var readyBytes: Int { source.readyBytes }

    /// Whether all of its bytes are there when its request is made.
    var isThere: Bool { source.isOnDisk || readyBytes >= length }

    func rewind() -> Bool {
        guard !hasFailed, source.rewind() else { return false }
        takenBytes = 0
        isPending = false
        if sum != nil { sum = CRC32C() }
        return true
    }
}
