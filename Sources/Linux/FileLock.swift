internal import CLinux

/// An advisory lock of a whole file (flock(2)), which the process's death ends as well.
package struct FileLock: ~Copyable, Sendable {
    private let descriptor: FileDescriptor
    private let path: String

    /// Makes the file where it is missing. Nothing is locked yet.
    package init(_ path: String, permissions: UInt32 = 0o600) throws(SystemError) {
        descriptor = try Files.open(path, .readWriteCreating(permissions: permissions))
        self.path = path
    }

    /// Makes the file where it is missing and locks it, or returns nil when somebody else holds the lock. It is held
    /// until this value ends.
    package static func tryLock(_ path: String, permissions: UInt32 = 0o600) throws(SystemError) -> FileLock? {
        let lock = try FileLock(path, permissions: permissions)
        guard try lock.lock(withinMilliseconds: 0) else { return nil }
        return lock
    }

    /// Waits for the lock, at most so long; whether it is held now.
    ///
    /// It asks again and again: flock(2) itself knows no deadline, and whoever waits in it waits for as long as the
    /// holder pleases.
    package func lock(withinMilliseconds milliseconds: Int32) throws(SystemError) -> Bool {
        let raw = descriptor.raw
        let deadline = Clock.monotonicMilliseconds() + Int64(milliseconds)
        while try SystemCall.nonBlocking("flock \(path)", { flock(raw, LOCK_EX | LOCK_NB) }) == nil {
            guard Clock.monotonicMilliseconds() < deadline else { return false }
            _ = poll(nil, 0, 1)
        }
        return true
    }

    /// Whether the file that is locked is the one that has this name now.
    package func isAt(_ path: String) throws(SystemError) -> Bool {
        guard let named = try Files.facts(path) else { return false }
        let own = try descriptor.facts()
        return named.device == own.device && named.inode == own.inode
    }

    /// Lets the lock go; the file stays open, to be locked again.
    package func unlock() throws(SystemError) {
        _ = try SystemCall.value("flock \(path)") { flock(descriptor.raw, LOCK_UN) }
    }
}
