internal import Synchronization

/// Memory of arrays that is used again for the next input: under AddressSanitizer an allocation is dear. Only for what
/// the code under test is handed as a span.
enum KeptBytes {
    private static let kept = Mutex<[[UInt8]]>([])
    private static let keptMax = 8

    /// An empty array with room for `capacity` bytes, or for as many as there were in an earlier one.
    static func taken(capacity: Int) -> [UInt8] {
        if var bytes = kept.withLock({ $0.popLast() }) {
            bytes.removeAll(keepingCapacity: true)
            return bytes
        }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(capacity)
        return bytes
    }

    /// Hands over an array that nobody reads any more.
    static func leave(_ bytes: [UInt8]) {
        kept.withLock { if $0.count < keptMax { $0.append(bytes) } }
    }
}
