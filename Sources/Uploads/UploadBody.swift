internal import Bytes
internal import HTTPClient
internal import Linux
internal import ObjectStore

/// Where the bytes of one upload wait between client and store: in a window of memory, or, when the length of the next
/// part is not known before the part is there, in the slots of a spool, one for each part.
///
/// One part is filled while the other is on its way to the store. Without a second slot the first is used in turns.
struct UploadBody: ~Copyable {
    private var window = ByteWindow(keptBytesMax: UploadServiceLimits.windowBytesMax)
    private var countedBytes = 0
    /// The store asked for bytes when there were none, and must be told of the next.
    private var isStoreWaiting = false
    var isClientPaused = false
    private(set) var isWhole = false
    /// Everything was given back: a store that still reads gets nothing.
    private var isDropped = false
    /// How many bytes the store may read; nil: all.
    private var readableBytes: UInt64?
    private var readBytes: UInt64 = 0

    private var isSpooled = false
    private var partBytes: Int64 = 0
    private var slotCount = 0
    private var free: SpoolSlot?
    private var filling: SpoolSlot?
    private var fillingPart = 1
    private var sealed: [(part: Int, slot: SpoolSlot)] = []

    /// An upload fills one part while another is sent.
    private static let slotsMax = 2

    /// Whether the client must wait.
    var isFull: Bool {
        isSpooled ? window.unreadBytes > 0 : window.unreadBytes >= unreadBytesMax
    }

    /// Whether a client that waits may go on.
    var hasRoom: Bool {
        isSpooled ? window.unreadBytes == 0 : window.unreadBytes <= unreadBytesMax / 2
    }

    /// A stream that cannot be sent again needs no more than what is on its way from one turn to the next. Half of that
    /// is more than the end of a body that is withheld from the store: else nothing would be read any more, and the
    /// client never go on.
    private var unreadBytesMax: Int {
        window.hasDropped ? UploadServiceLimits.streamBytesMax : UploadServiceLimits.windowBytesMax
    }

    mutating func append(_ bytes: Span<UInt8>, owner: UploadDriver) {
        var start = 0
        if isSpooled, window.unreadBytes == 0 {
            while start < bytes.count, let slot = slotToFill(owner), slot.hasRoom {
                let length = min(bytes.count - start, Int(clamping: partBytes - slot.length))
                slot.append(bytes.extracting(start ..< start + length))
                start += length
                sealIfFull(slot)
            }
        }
        guard start < bytes.count else { return }
        window.append(bytes.extracting(start ..< bytes.count)) { $1.append(copying: $0) }
        count(owner.service)
    }

    /// No byte follows.
    mutating func end() {
        isWhole = true
        sealLast()
    }

    // MARK: - The window as the source of a part

    mutating func read(_ take: (Span<UInt8>) -> Int) -> BodySupply {
        if isDropped { return .failed }
        let ready = readyBytes
        guard ready > 0 else {
            isStoreWaiting = true
            return .pending
        }
        window.read { front in
            let taken = take(front.extracting(first: min(front.count, ready)))
            readBytes += UInt64(taken)
            return taken
        }
        return .supplied
    }

    mutating func rewind() -> Bool {
        guard !isDropped, window.rewind() else { return false }
        readBytes = 0
        return true
    }

    /// Keeps from the store what comes after so many bytes; nil: nothing any more.
    mutating func limitReading(to bytes: UInt64?) { readableBytes = bytes }

    /// Bytes of memory that the window holds.
    var heldBytes: Int { window.heldBytes }

    /// Bytes that the store may read from the window now.
    var readyBytes: Int {
        guard let readableBytes else { return window.unreadBytes }
        return min(window.unreadBytes, Int(clamping: readableBytes - min(readBytes, readableBytes)))
    }

    /// Whether the store waited for the bytes that have just come; asked once.
    mutating func takesStoreWaiting() -> Bool {
        defer { isStoreWaiting = false }
        return isStoreWaiting
    }

    // MARK: - The spool

    /// Whether it has slots of the spool.
    var holdsSpool: Bool { slotCount > 0 }

    /// From now on bytes go to a spool, those in the window first.
    ///
    /// - Returns: false when every slot of the spool is taken.
    mutating func openSpool(partBytes: UInt64, owner: UploadDriver) -> Bool {
        isSpooled = true
        self.partBytes = Int64(clamping: partBytes)
        guard slotToFill(owner) != nil else { return false }
        pump(owner)
        return true
    }

    /// Moves what waits in the window into the spool, as far as there is room.
    mutating func pump(_ owner: UploadDriver) {
        while window.unreadBytes > 0, let slot = slotToFill(owner), slot.hasRoom {
            let room = Int(clamping: partBytes - slot.length)
            window.read { front in
                let length = min(front.count, room)
                slot.append(front.extracting(first: length))
                return length
            }
            sealIfFull(slot)
        }
        if window.unreadBytes == 0 { window.removeAll() }
        sealLast()
        count(owner.service)
    }

    /// The source of a part whose bytes are all in the spool.
    func spoolSource(part: Int) -> SpoolSlot? {
        for entry in sealed where entry.part == part { return entry.slot }
        return nil
    }

    /// The store has the part: its slot takes another.
    mutating func partStored(_ part: Int, owner: UploadDriver) {
        guard isSpooled else {
            // The one part of a window: nothing rewinds any more, and the store may take its time to complete.
            window.removeAll()
            return count(owner.service)
        }
        guard let index = sealed.firstIndex(where: { $0.part == part }) else { return }
        let slot = sealed.remove(at: index).slot
        slot.removeAll()
        if filling == nil, free == nil {
            free = slot
        } else {
            slot.close()
            slotCount -= 1
        }
        pump(owner)
    }

    /// Drops everything and gives memory and slots back.
    mutating func drop(_ service: UploadService) {
        isDropped = true
        window.removeAll()
        for entry in sealed { entry.slot.close() }
        filling?.close()
        free?.close()
        sealed = []
        filling = nil
        free = nil
        slotCount = 0
        count(service)
    }

    private mutating func slotToFill(_ owner: UploadDriver) -> SpoolSlot? {
        if let filling { return filling }
        if let reused = free.take() {
            filling = reused
        } else if slotCount < Self.slotsMax,
            let slot = owner.service.spool.takeSlot(files: owner.service.files, delegate: owner)
        {
            slotCount += 1
            filling = slot
        }
        return filling
    }

    private mutating func sealIfFull(_ slot: SpoolSlot) {
        guard slot.length == partBytes else { return }
        seal(slot)
    }

    private mutating func sealLast() {
        guard isWhole, window.unreadBytes == 0, let filling, filling.length > 0 else { return }
        seal(filling)
    }

    private mutating func seal(_ slot: SpoolSlot) {
        slot.finish()
        sealed.append((fillingPart, slot))
        fillingPart += 1
        filling = nil
    }

    private mutating func count(_ service: UploadService) {
        service.windowBytes += window.heldBytes - countedBytes
        countedBytes = window.heldBytes
    }
}
