internal import Bytes
internal import CLinux

/// Files by path. Everything here may wait for a disk: call it at start-up or on a thread that may.
package enum Files {
    /// How a file is opened (open(2)); always close-on-exec.
    package enum Mode: Sendable {
        case readOnly
        /// Must exist.
        case readWrite
        /// Made where it is missing, with `permissions` less the umask.
        case readWriteCreating(permissions: UInt32)
        /// Must not exist yet.
        case readWriteNew(permissions: UInt32)
        /// Writes go to the end; made where it is missing.
        case appending(permissions: UInt32)
    }

    package static func open(_ path: String, _ mode: Mode) throws(SystemError) -> FileDescriptor {
        let (flags, permissions): (Int32, UInt32) =
            switch mode {
            case .readOnly: (O_RDONLY, 0)
            case .readWrite: (O_RDWR, 0)
            case .readWriteCreating(let permissions): (O_RDWR | O_CREAT, permissions)
            case .readWriteNew(let permissions): (O_RDWR | O_CREAT | O_EXCL, permissions)
            case .appending(let permissions): (O_WRONLY | O_CREAT | O_APPEND, permissions)
            }
        return FileDescriptor(
            adopting: try SystemCall.value("open \(path)") { unsafe clinux_open(path, flags, permissions) })
    }

    /// A file without a name in `directory`, gone when it is closed (O_TMPFILE). A file system that cannot is
    /// ``SystemError/isUnsupported``.
    package static func openUnnamed(in directory: String) throws(SystemError) -> FileDescriptor {
        FileDescriptor(
            adopting: try SystemCall.value("open O_TMPFILE \(directory)") {
                unsafe clinux_open(directory, clinux_o_tmpfile | O_DIRECTORY | O_RDWR, 0o600)
            })
    }

    /// The whole file, or an EFBIG when it holds more than `bytesMax`.
    package static func readWhole(_ path: String, bytesMax: Int) throws(SystemError) -> [UInt8] {
        let descriptor = try open(path, .readOnly)
        return try descriptor.readToEnd(bytesMax: bytesMax, name: path)
    }

    /// Renames within one file system, replacing `new`.
    package static func rename(_ old: String, to new: String) throws(SystemError) {
        _ = try SystemCall.value("rename \(old) to \(new)") { unsafe CLinux.rename(old, new) }
    }

    /// Removes a file; `false` when there was none.
    @discardableResult
    package static func unlink(_ path: String) throws(SystemError) -> Bool {
        do {
            _ = try SystemCall.value("unlink \(path)") { unsafe CLinux.unlink(path) }
            return true
        } catch {
            if error.isNoSuchFile { return false }
            throw error
        }
    }

    /// Removes an empty directory.
    package static func removeDirectory(_ path: String) throws(SystemError) {
        _ = try SystemCall.value("rmdir \(path)") { unsafe rmdir(path) }
    }

    /// Makes the directory and those above it that are missing, each with `permissions` less the umask.
    package static func makeDirectories(_ path: String, permissions: UInt32 = 0o755) throws(SystemError) {
        do {
            _ = try SystemCall.value("mkdir \(path)") { unsafe mkdir(path, permissions) }
        } catch {
            if error.isFileExists, try isDirectory(path) { return }
            guard error.isNoSuchFile, let parent = parent(of: path), parent != path else { throw error }
            try makeDirectories(parent, permissions: permissions)
            do {
                _ = try SystemCall.value("mkdir \(path)") { unsafe mkdir(path, permissions) }
            } catch {
                // Two makers may meet.
                guard error.isFileExists, try isDirectory(path) else { throw error }
            }
        }
    }

    /// As many links as the kernel follows (path_resolution(7)).
    private static let linksMax = 40

    /// The path without a symbolic link in it (realpath(3)), of a file that is not there yet too, even where links lead
    /// to it already; `path` itself where that cannot be told.
    package static func resolved(_ path: String) -> String {
        var named = path
        for _ in 0 ... linksMax {
            if let whole = real(named) { return whole }
            // By bytes: to a String, a slash and a combining mark behind it are one character.
            guard let last = named.utf8.split(separator: 0x2F).last, let directory = real(parent(of: named) ?? ".")
            else { return path }
            let place = (directory == "/" ? "" : directory) + "/" + String(Substring(last))
            guard let target = linkTarget(place) else { return place }
            named = target.utf8.first == 0x2F ? target : directory + "/" + target
        }
        return path
    }

    private static func real(_ path: String) -> String? {
        guard let found = unsafe realpath(path, nil) else { return nil }
        defer { unsafe free(found) }
        return unsafe String(validatingCString: found)
    }

    private static func linkTarget(_ path: String) -> String? {
        var characters = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = unsafe readlink(path, &characters, characters.count)
        guard count > 0, count < characters.count else { return nil }
        return String(validating: characters[..<count].lazy.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    /// What stands before the last `/`; nil for a bare name.
    package static func parent(of path: String) -> String? {
        var end = path.utf8.endIndex
        while end > path.utf8.startIndex, path.utf8[path.utf8.index(before: end)] == 0x2F {
            end = path.utf8.index(before: end)
        }
        guard let slash = path.utf8[..<end].lastIndex(of: 0x2F) else { return nil }
        return slash == path.utf8.startIndex ? "/" : String(path[..<slash])
    }

    /// Synchronises the directory itself: names made, renamed or removed in it survive a power loss.
    package static func synchroniseDirectory(_ path: String) throws(SystemError) {
        let descriptor = try open(path, .readOnly)
        try descriptor.synchronise()
    }

    package static func isDirectory(_ path: String) throws(SystemError) -> Bool {
        try facts(path)?.isDirectory ?? false
    }

    /// Size, kind, rights and times, following links; nil when there is nothing of that name.
    package static func facts(_ path: String) throws(SystemError) -> FileFacts? {
        var status = stat()
        do {
            _ = try SystemCall.value("stat \(path)") { unsafe stat(path, &status) }
        } catch {
            if error.isNoSuchFile || error.errno == ENOTDIR { return nil }
            throw error
        }
        return FileFacts(status)
    }

    /// The names in a directory, without `.` and `..`, in no order; at most `namesMax`, then EFBIG.
    package static func list(_ path: String, namesMax: Int = 1_000_000) throws(SystemError) -> [String] {
        guard let stream = unsafe opendir(path) else {
            throw SystemError(call: "opendir \(path)", errno: clinux_errno())
        }
        defer { unsafe closedir(stream) }
        var names: [String] = []
        while let entry = unsafe readdir(stream) {
            let name = unsafe String(cString: clinux_entry_name(entry))
            if name == "." || name == ".." { continue }
            guard names.count < namesMax else { throw SystemError(call: "readdir \(path)", errno: EFBIG) }
            names.append(name)
        }
        return names
    }

    /// Whether files there live in memory (tmpfs, ramfs), which is no place for a spool.
    package static func isMemoryFileSystem(_ path: String) throws(SystemError) -> Bool {
        var status = statfs()
        _ = try SystemCall.value("statfs \(path)") { unsafe statfs(path, &status) }
        return unsafe clinux_is_memory_file_system(&status) != 0
    }
}
