/// A first-in, first-out queue of bytes in blocks that grow with what waits in it: 4, then 16, then 64 KiB.
///
/// A slow sender's few bytes cost one small block, a fast one's arrive in large ones. Bytes that were read stay until
/// the room is needed, so that a reader may start again from the first byte (``rewind()``) as long as none was dropped;
/// after that, nothing is kept that was read.
/// The bound is the caller's: whoever appends looks at ``unreadBytes`` first, and stops reading at its own source
/// (back-pressure instead of memory).
package struct ByteWindow: ~Copyable {
    private var blocks: [[UInt8]] = []
    /// Index of the block that is read next, and the bytes of it that are read.
    private var block = 0
    private var offset = 0
    private let keptBytesMax: Int
    /// Bytes in the blocks, read ones included.
    package private(set) var heldBytes = 0
    /// Whether bytes are gone that were read: nothing can be read again.
    package private(set) var hasDropped = false
    /// Bytes that wait to be read.
    package private(set) var unreadBytes = 0

    /// - Parameter keptBytesMax: while appending keeps the bytes in all, read ones included, within this, nothing is
    ///   dropped; past it the blocks that were read make room.
    package init(keptBytesMax: Int) { self.keptBytesMax = keptBytesMax }

    /// Bytes of memory that the blocks hold.
    package var allocatedBytes: Int {
        var sum = 0
        for block in blocks { sum += block.capacity }
        return sum
    }

    /// Adds a copy of `bytes` at the end.
    ///
    /// - Parameter copy: appends the bytes to a block that has room for them, for whoever has a faster way.
    package mutating func append(
        _ bytes: Span<UInt8>, copy: (Span<UInt8>, inout [UInt8]) -> Void = { $1.append(contentsOf: $0) }
    ) {
        if hasDropped || heldBytes + bytes.count > keptBytesMax { dropReadBlocks() }
        var start = 0
        while start < bytes.count {
            if let last = blocks.last, last.count < Self.usableBytes(last) {
                let length = min(Self.usableBytes(last) - last.count, bytes.count - start)
                copy(bytes.extracting(start ..< start + length), &blocks[blocks.count - 1])
                start += length
            } else {
                blocks.append(Self.freshBlock(for: unreadBytes + bytes.count))
            }
        }
        heldBytes += bytes.count
        unreadBytes += bytes.count
    }

    /// Offers the longest run of unread bytes that lies in one piece (empty only when nothing waits) to `take`; as many
    /// as it answers are read.
    package mutating func read(_ take: (Span<UInt8>) -> Int) {
        if block < blocks.count, offset == blocks[block].count, block + 1 < blocks.count {
            block += 1
            offset = 0
        }
        guard block < blocks.count else {
            _ = take(Span())
            return
        }
        let length = Self.offer(blocks[block], droppingFirst: offset, to: take)
        offset += length
        unreadBytes -= length
    }

    /// Makes every byte unread again.
    ///
    /// - Returns: false, and nothing changes, when bytes were dropped since the window was made or emptied.
    package mutating func rewind() -> Bool {
        guard !hasDropped else { return false }
        block = 0
        offset = 0
        unreadBytes = heldBytes
        return true
    }

    /// Drops every byte and gives the memory back.
    package mutating func removeAll() {
        blocks = []
        block = 0
        offset = 0
        heldBytes = 0
        unreadBytes = 0
        hasDropped = false
    }

    private static func offer(_ block: [UInt8], droppingFirst read: Int, to take: (Span<UInt8>) -> Int) -> Int {
        let length = take(block.span.extracting(droppingFirst: read))
        precondition(length >= 0 && length <= block.count - read, "more bytes taken than were offered")
        return length
    }

    /// The allocator rounds a block up by a few bytes; a run of that length would be handed on, and sent, on its own.
    private static func usableBytes(_ block: [UInt8]) -> Int {
        block.capacity & ~(smallBytes - 1)
    }

    private mutating func dropReadBlocks() {
        while let first = blocks.first, block > 0 || offset == first.count {
            heldBytes -= first.count
            hasDropped = hasDropped || !first.isEmpty
            blocks.removeFirst()
            if block > 0 { block -= 1 } else { offset = 0 }
        }
    }

    /// - Parameter bytes: how many wait, with those that have just come.
    private static func freshBlock(for bytes: Int) -> [UInt8] {
        var block: [UInt8] = []
        switch bytes {
        case ..<smallBytes: block.reserveCapacity(smallBytes)
        case ..<(smallBytes + middleBytes): block.reserveCapacity(middleBytes)
        default: block.reserveCapacity(largeBytes)
        }
        return block
    }

    private static let smallBytes = 4 * 1024
    private static let middleBytes = 16 * 1024
    private static let largeBytes = 64 * 1024
}
