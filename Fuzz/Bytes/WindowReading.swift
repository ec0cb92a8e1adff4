internal import Bytes
internal import FuzzBasics

/// A window of bytes beside an array that keeps all that came: each byte of an input is something done to both.
enum WindowReading {
    private static let lengths = [1, 7, 512, 4_095, 4_096, 4_097, 20_000, 70_000]
    /// Of all that is appended: with more an input shows nothing new.
    private static let bytesMax = 400_000

    static func check(_ input: ArraySlice<UInt8>, _ code: ByteCode) throws(OracleFailure) {
        let keptBytesMax = [0, 1, 5_000, 30_000, 500_000][Int(input.first ?? 0) % 5]
        var window = ByteWindow(keptBytesMax: keptBytesMax)
        // What came since the window was made or emptied, and how much of it was read.
        var (came, read, total) = ([UInt8](), 0, 0)
        for byte in input.dropFirst().prefix(64) {
            let length = lengths[Int(byte) % 8]
            switch byte / 8 % 8 {
            case 0 ... 2:
                guard total + length <= bytesMax else { continue }
                let fresh = (total ..< total + length).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8) }
                total += length
                // What is kept is kept to be read again: within its bound, and until something was dropped.
                let mayKeep = !window.hasDropped && window.heldBytes + length <= keptBytesMax
                code.appendToWindow(&window, fresh.span)
                guard mayKeep || read < came.count || window.heldBytes == length
                else { throw OracleFailure("bytes are kept that were read") }
                came += fresh
            case 3 ... 5: read += try take(&window, came[read...], length, code)
            case 6:
                let isWhole = !window.hasDropped
                guard window.rewind() == isWhole else { throw OracleFailure("rewound, and bytes are gone") }
                if isWhole { read = 0 }
            default:
                window.removeAll()
                (came, read) = ([], 0)
                guard window.heldBytes == 0, window.allocatedBytes == 0 else { throw OracleFailure("not empty") }
            }
            guard window.unreadBytes == came.count - read else { throw OracleFailure("another count of bytes") }
            guard window.heldBytes >= window.unreadBytes, window.allocatedBytes >= window.heldBytes
            else { throw OracleFailure("more bytes than room") }
            guard !window.hasDropped || came.count > keptBytesMax else { throw OracleFailure("dropped too early") }
        }
        while read < came.count { read += try take(&window, came[read...], 70_000, code) }
    }

    private static func take(
        _ window: inout ByteWindow, _ unread: ArraySlice<UInt8>, _ length: Int, _ code: ByteCode
    ) throws(OracleFailure) -> Int {
        var (offered, taken) = ([UInt8](), 0)
        code.readWindow(&window) { bytes in
            offered = bytes.copied()
            taken = min(length, bytes.count)
            return taken
        }
        guard unread.starts(with: offered), offered.isEmpty == unread.isEmpty
        else { throw OracleFailure("other bytes than came, or none") }
        return taken
    }
}
