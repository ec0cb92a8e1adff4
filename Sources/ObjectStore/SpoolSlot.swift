internal import Bytes
package import HTTPClient
package import Linux
internal import Reactor

/// Told what becomes of a slot; never from inside a call to it.
package protocol SpoolSlotDelegate: AnyObject {
    /// There is room again after ``SpoolSlot/hasRoom`` was false.
    func spoolHasRoom(_ slot: SpoolSlot)
    /// The reader, which was told `pending`, will find bytes (or the failure) now: ``StoreUpload/bodyAvailable()``.
    func spoolIsReadable(_ slot: SpoolSlot)
    /// The disk failed: what was appended is lost. The slot can only be closed.
    func spool(_ slot: SpoolSlot, failed error: SystemError)
}

/// One part on disk: bytes are appended, then read back as a request body, from the start as often as needed. For the
/// next part it is emptied and used again.
///
/// Writing and reading are done by the files thread; what is under way is bounded both ways. ``close()`` must be
/// called; it gives the slot back.
package final class SpoolSlot: RequestBodySource {
    private static let blockBytes = 65_536
    /// Blocks that may be on their way to the disk: past it the client is read no further.
    private static let writesMax = 4
    /// Blocks that are read ahead of the store.
    private static let readAheadBlocks = 2

    private let spool: Spool
    private let files: FilesPort
    private weak var delegate: (any SpoolSlotDelegate)?
    private var file: OpenFile?
    private var isOpening = false
    private var isClosed = false
    private var hasFailed = false
    /// Answers to what was asked before the slot was emptied or rewound reach nobody.
    private var round = 0

    /// Bytes appended since the slot was emptied.
    package private(set) var length: Int64 = 0
    private var block: [UInt8] = []
    private var waitingWrites: [(bytes: [UInt8], offset: Int64)] = []
    private var writes = 0
    private var wantsRoom = false

    private var readOffset: Int64 = 0
    private var ahead: [[UInt8]] = []
    private var headOffset = 0
    private var reads = 0
    private var isReaderWaiting = false

    init(spool: Spool, files: FilesPort, delegate: any SpoolSlotDelegate) {
        self.spool = spool
        self.files = files
        self.delegate = delegate
    }

    deinit { if !isClosed { spool.giveBack() } }

    // MARK: appending

    /// Whether more may be appended now. When not, ``SpoolSlotDelegate/spoolHasRoom(_:)`` comes.
    package var hasRoom: Bool {
        if writes + waitingWrites.count < Self.writesMax { return true }
        wantsRoom = true
        return false
    }

    /// Takes a copy of the bytes, all of them: whoever appends looks at ``hasRoom`` between reads of its own.
    package func append(_ bytes: Span<UInt8>) {
        guard !hasFailed, !isClosed else { return }
        var start = 0
        while start < bytes.count {
            if block.isEmpty { block.reserveCapacity(Self.blockBytes) }
            let count = min(Self.blockBytes - block.count, bytes.count - start)
            block.append(contentsOf: bytes.extracting(start..<start + count))
            start += count
            length += Int64(count)
            if block.count == Self.blockBytes { flush() }
        }
    }

    /// What is appended can be read from now on; nothing more is appended before ``removeAll()``.
    package func finish() {
        if !block.isEmpty { flush() }
        if isReaderWaiting { readAhead() }
    }

    /// Empties the slot for another part.
    package func removeAll() {
        round += 1
        length = 0
        block.removeAll(keepingCapacity: true)
        waitingWrites.removeAll()
        writes = 0
        restartReading()
    }

    /// Ends everything and gives the slot back.
    package func close() {
        guard !isClosed else { return }
        isClosed = true
        removeAll()
        delegate = nil
        let file = file
        self.file = nil
        // Closed with this job, off the worker; where it is refused, here.
        _ = files.perform { () throws(SystemError) in
            withExtendedLifetime(file) {}
            return .done
        } completion: { _ in }
        spool.giveBack()
    }

    private func flush() {
        waitingWrites.append((block, length - Int64(block.count)))
        block = []
        guard let file else { return open() }
        writeWaiting(file)
    }

    private func open() {
        guard !isOpening else { return }
        isOpening = true
        let spool = spool
        run({ () throws(SystemError) in .opened(try spool.open()) }, everyRound: true) { [self] outcome in
            isOpening = false
            guard case .opened(let file) = outcome, !isClosed else { return }
            self.file = file
            writeWaiting(file)
            readAhead()
        }
    }

    private func writeWaiting(_ file: OpenFile) {
        for (bytes, offset) in waitingWrites {
            writes += 1
            run({ () throws(SystemError) in
                try file.write(bytes, at: offset)
                return .done
            }) { [self] _ in
                writes -= 1
                guard wantsRoom, writes + waitingWrites.count < Self.writesMax else { return }
                wantsRoom = false
                delegate?.spoolHasRoom(self)
            }
        }
        waitingWrites.removeAll(keepingCapacity: true)
    }

    // MARK: reading

    package func next(_ take: (Span<UInt8>) -> Int) -> BodySupply {
        if hasFailed || isClosed { return .failed }
        guard let head = ahead.first else {
            if readOffset == length, reads == 0 { return .end }
            isReaderWaiting = true
            readAhead()
            return .pending
        }
        headOffset += take(head.span.extracting(headOffset..<head.count))
        if headOffset == head.count {
            ahead.removeFirst()
            headOffset = 0
            readAhead()
        }
        return .supplied
    }

    package var isOnDisk: Bool { true }

    package func rewind() -> Bool {
        guard !hasFailed, !isClosed else { return false }
        round += 1
        // Writes of this part are counted per round: those under way are done before any read that comes now.
        writes = 0
        restartReading()
        return true
    }

    private func restartReading() {
        readOffset = 0
        ahead.removeAll()
        headOffset = 0
        reads = 0
        isReaderWaiting = false
    }

    /// The files thread works in order, so a read comes after the writes that were asked for before it.
    private func readAhead() {
        guard let file, block.isEmpty, waitingWrites.isEmpty else { return }
        while readOffset < length, reads + ahead.count < Self.readAheadBlocks {
            let start = readOffset
            let count = Int(min(Int64(Self.blockBytes), length - start))
            readOffset += Int64(count)
            reads += 1
            run({ () throws(SystemError) in .bytes(try file.read(count, at: start)) }) { [self] outcome in
                reads -= 1
                guard case .bytes(let bytes) = outcome else { return }
                guard bytes.count == count else {
                    return fail(SystemError(call: "pread \(spool.directory)", errno: Self.ioErrno))
                }
                ahead.append(bytes)
                guard isReaderWaiting else { return }
                isReaderWaiting = false
                delegate?.spoolIsReadable(self)
            }
        }
    }

    /// EIO: the file is shorter than what was written to it.
    private static let ioErrno: Int32 = 5

    // MARK: the files thread

    /// - Parameter everyRound: its answer counts whatever happened to the bytes meanwhile.
    private func run(
        _ work: @escaping @Sendable () throws(SystemError) -> FileOutcome, everyRound: Bool = false,
        completion: @escaping (FileOutcome) -> Void
    ) {
        let round = round
        let isTaken = files.perform(work) { [self] outcome in
            if case .failed(let error) = outcome { return fail(error) }
            if everyRound || round == self.round { completion(outcome) }
        }
        if isTaken { return }
        files.loop.deferred { [self] in fail(SystemError(call: "spool", errno: Self.againErrno)) }
    }

    /// EAGAIN: too many file operations are waiting.
    private static let againErrno: Int32 = 11

    private func fail(_ error: SystemError) {
        guard !hasFailed, !isClosed else { return }
        hasFailed = true
        delegate?.spool(self, failed: error)
        if isReaderWaiting {
            isReaderWaiting = false
            delegate?.spoolIsReadable(self)
        }
    }
}
