internal import CLinux

/// The C library's allocator (mallopt(3)).
package enum Allocator {
    /// Tells it that this process goes on allocating: what is freed at the end of a heap stays for the next, instead of
    /// going back to the kernel and being asked for, zeroed and mapped again page by page a moment later. With images
    /// of megabytes that was a quarter of all CPU time.
    ///
    /// - Returns: false where the allocator does not know these settings, which changes nothing but speed.
    @discardableResult
    package static func keepFreedMemory() -> Bool {
        mallopt(M_TRIM_THRESHOLD, keptBytesMax) == 1 && mallopt(M_TOP_PAD, growthBytes) == 1
    }

    /// At the end of each thread's heap.
    private static let keptBytesMax: Int32 = 2 << 20
    /// By how much a heap grows at a time.
    private static let growthBytes: Int32 = 128 << 10
}
