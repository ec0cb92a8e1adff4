internal import StoreStates

/// The limits of one worker.
package struct UploadServiceLimits: Sendable {
    /// Bytes that the windows of all uploads of one worker may hold together.
    package var windowMemoryBytes: Int
    /// The rate below which a body opens no upload.
    package var minBodyBytesPerSecond: Int64
    /// Uploads under way on one worker, whose state is bounded thereby.
    package var uploadsMax: Int
    /// The same with those that are being undone: as many again, and those that wait for a second look at the store.
    package var driversMax: Int { 2 * uploadsMax + S3RetryLimits.recheckUploadsMaxDefault }

    /// Bytes of one upload's window at which its client is no longer read.
    package static let windowBytesMax = 128 * 1024
    /// The same once the first of its bytes are gone, and the window holds nothing for a second attempt any more.
    static let streamBytesMax = 64 * 1024
    /// When all slots of the spool are taken: how long an upload that has one may send nothing; after how long its rate
    /// counts, and the least it may be then. A phone's pauses are shorter, and its rate is tenfold.
    static let spoolIdleMilliseconds: Int64 = 2_000
    static let spoolGraceMilliseconds: Int64 = 10_000
    static let spoolBytesPerSecondMin: UInt64 = 8_192
    /// What a new upload must find free: the block that its first bytes go to.
    package static let firstWindowBytes = 64 * 1024

    package init(windowMemoryBytes: Int, minBodyBytesPerSecond: Int64, uploadsMax: Int) {
        self.windowMemoryBytes = windowMemoryBytes
        self.minBodyBytesPerSecond = minBodyBytesPerSecond
        self.uploadsMax = uploadsMax
    }

    /// Why another upload may not begin; nil: its state and the first block of its window find room.
    ///
    /// - Parameters:
    ///   - uploads: that have not ended, those that are being undone included.
    ///   - aborting: how many of them are being undone.
    ///   - forms: whose file has not begun.
    ///   - windowBytes: in the windows of all.
    package func shortage(uploads: Int, aborting: Int, forms: Int, windowBytes: Int) -> String? {
        // Those that are being undone have no client, and mostly wait: they must not keep others out for minutes.
        if uploads - aborting + forms >= uploadsMax {
            return "a worker has \(uploadsMax) uploads under way"
        }
        if uploads + forms >= driversMax {
            return "a worker has \(aborting) uploads to undo, and the store does not let it"
        }
        guard windowBytes + Self.firstWindowBytes > windowMemoryBytes else { return nil }
        return "the windows of all uploads are full: raise SLUICE_WINDOW_MEMORY_BYTES"
    }
}
