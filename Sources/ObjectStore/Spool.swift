package import Linux
internal import Synchronization

/// Where parts of unknown length wait: a bounded number of files without names, for all workers together. They cannot
/// outlive the process, whatever ends it.
package final class Spool: Sendable {
    package let directory: String
    package let slotsMax: Int
    /// The directory is in memory (tmpfs): it holds in memory what the spool is to keep out of it. Worth a warning.
    package let isInMemory: Bool
    /// The file system has no O_TMPFILE: files are made under a name that is removed at once.
    package let needsNames: Bool
    private let used = Atomic<Int>(0)

    /// Tries the directory out: a file is made, written and dropped.
    ///
    /// - Parameter slotsMax: an upload of several parts uses two.
    package init(directory: String, slotsMax: Int) throws(SystemError) {
        self.directory = directory
        self.slotsMax = slotsMax
        isInMemory = try Files.isMemoryFileSystem(directory)
        var needsNames = false
        do throws(SystemError) {
            _ = try Files.openUnnamed(in: directory)
        } catch {
            guard error.isUnsupported else { throw error }
            needsNames = true
            _ = try Self.openNamed(in: directory)
        }
        self.needsNames = needsNames
    }

    /// Slots in use.
    package var usedCount: Int { used.load(ordering: .relaxed) }

    /// A slot that lives on `files`' worker; nil when all are in use. Its file is made with the first byte.
    package func takeSlot(files: FilesPort, delegate: any SpoolSlotDelegate) -> SpoolSlot? {
        var current = used.load(ordering: .relaxed)
        while current < slotsMax {
            let (isTaken, original) = used.weakCompareExchange(
                expected: current, desired: current + 1, ordering: .relaxed)
            if isTaken { return SpoolSlot(spool: self, files: files, delegate: delegate) }
            current = original
        }
        return nil
    }

    func giveBack() { used.subtract(1, ordering: .relaxed) }

    /// A new file, gone when it is closed. On the files thread.
    func open() throws(SystemError) -> OpenFile {
        OpenFile(needsNames ? try Self.openNamed(in: directory) : try Files.openUnnamed(in: directory))
    }

    private static func openNamed(in directory: String) throws(SystemError) -> FileDescriptor {
        let path = directory + "/sluice-spool-\(UInt64.random(in: .min ... .max))"
        let descriptor = try Files.open(path, .readWriteNew(permissions: 0o600))
        try Files.unlink(path)
        return descriptor
    }
}
