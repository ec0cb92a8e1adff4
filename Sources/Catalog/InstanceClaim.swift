package import Linux

/// Hold of a dead process's rows: nobody else settles them meanwhile.
package final class InstanceClaim: Sendable {
    package let instance: String
    private let path: String
    private let lock: FileLock

    private init(instance: String, path: String, lock: consuming FileLock) {
        self.instance = instance
        self.path = path
        self.lock = lock
    }

    /// Takes the lock of a process, which only the dead do not hold themselves.
    ///
    /// - Parameter directory: that of the database.
    /// - Returns: nil where it lives, or somebody else has its rows in hand.
    package static func take(_ instance: String, directory: String) throws(SystemError) -> InstanceClaim? {
        guard let path = path(of: instance, directory: directory) else { return nil }
        try Files.makeDirectories(CatalogInstance.folder(in: directory), permissions: 0o700)
        guard let lock = try FileLock.tryLock(path) else { return nil }
        // Whoever had it before may have removed the file between its opening and its locking here.
        guard try lock.isAt(path) else { return nil }
        return InstanceClaim(instance: instance, path: path, lock: lock)
    }

    /// Whether a process is dead, with nothing made and nothing held.
    package static func isDead(_ instance: String, directory: String) throws(SystemError) -> Bool {
        guard let path = path(of: instance, directory: directory) else { return false }
        guard try Files.facts(path) != nil else { return true }
        return try FileLock.tryLock(path) != nil
    }

    /// Ends it where no rows are left: no file is as good as one that nobody holds.
    package func removeFile() {
        // While the lock is held, so that nobody can come to own the file in between.
        _ = try? Files.unlink(path)
    }

    /// The id comes out of the file: it has to be the name of one.
    private static func path(of instance: String, directory: String) -> String? {
        guard !instance.isEmpty, instance.utf8.count <= 64,
            instance.utf8.allSatisfy({ (0x30 ... 0x39).contains($0) || (0x61 ... 0x7A).contains($0) })
        else { return nil }
        return "\(CatalogInstance.folder(in: directory))/\(instance).lock"
    }
}
