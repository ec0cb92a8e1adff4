internal import Bytes
internal import Linux

/// Who this process is to others on the same database: a random id, and a lock that is held while it lives.
///
/// Rows carry the id of the process that made them. Whoever finds an unfinished row may touch it only when it can
/// take that lock: then its process is dead. No lock file means dead as well, so files may be removed by whoever
/// holds their lock.
struct CatalogInstance: ~Copyable {
    /// Sixteen hexadecimal digits.
    let id: String
    private let path: String
    private let lock: FileLock

    static func folder(in directory: String) -> String { directory + "/instances" }

    /// Takes a new id beside the database in `directory`, and removes the lock files of the dead.
    init(directory: String) throws(SystemError) {
        let folder = Self.folder(in: directory)
        try Files.makeDirectories(folder, permissions: 0o700)
        for name in try Files.list(folder) where name.hasSuffix(".lock") {
            Self.removeIfDead(folder + "/" + name)
        }
        while true {
            var digits: [UInt8] = []
            Hex.append(UInt64.random(in: .min ... .max) | 1 << 63, to: &digits)
            let id = String(decoding: digits, as: UTF8.self)
            let path = "\(folder)/\(id).lock"
            guard let lock = try FileLock.tryLock(path) else { continue }
            // Another starting process may have taken it for dead between making and locking it.
            guard try lock.isAt(path) else { continue }
            self.id = id
            self.path = path
            self.lock = lock
            return
        }
    }

    /// Gives the id up; unfinished rows of it may be recovered from now on.
    consuming func release() {
        // A file that stays is removed by the next start.
        _ = try? Files.unlink(path)
    }

    private static func removeIfDead(_ path: String) {
        guard let lock = try? FileLock.tryLock(path) else { return }
        // While the lock is held, and is that of the file with this name: nobody else can come to own it in between.
        if (try? lock.isAt(path)) == true { _ = try? Files.unlink(path) }
        _ = consume lock
    }
}
