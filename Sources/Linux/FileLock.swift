internal import CLinux

/// An advisory lock of a whole file (flock(2)), held until this value ends or the process dies.
package struct FileLock: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    /// Makes the file where it is missing and locks it, or returns nil when somebody else holds the lock.
    package static func tryLock(_ path: String, permissions: UInt32 = 0o600) throws(SystemError) -> FileLock? {
        let descriptor = try Files.open(path, .readWriteCreating(permissions: permissions))
        let raw = descriptor.raw
        guard try SystemCall.nonBlocking("flock \(path)", { flock(raw, LOCK_EX | LOCK_NB) }) != nil else {
            return nil
        }
        return FileLock(descriptor: descriptor)
    }

    /// Makes the file where it is missing and waits for the lock.
    package static func lock(_ path: String, permissions: UInt32 = 0o600) throws(SystemError) -> FileLock {
        let descriptor = try Files.open(path, .readWriteCreating(permissions: permissions))
        let raw = descriptor.raw
        _ = try SystemCall.value("flock \(path)") { flock(raw, LOCK_EX) }
        return FileLock(descriptor: descriptor)
    }

    private init(descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    /// Lets the lock go and takes it again around a critical section: the file stays open.
    package func unlock() throws(SystemError) {
        _ = try SystemCall.value("flock") { flock(descriptor.raw, LOCK_UN) }
    }

    /// Waits for the lock after ``unlock()``.
    package func relock() throws(SystemError) {
        _ = try SystemCall.value("flock") { flock(descriptor.raw, LOCK_EX) }
    }
}
