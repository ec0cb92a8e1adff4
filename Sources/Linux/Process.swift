internal import CLinux

/// Facts about this process and its machine.
package enum ProcessFacts {
    /// The process id.
    package static var id: Int32 { getpid() }
    /// How many processors this process may run on (sched_getaffinity(2)): a container's share, not the machine's.
    package static var processors: Int { max(1, Int(clinux_processors())) }
    /// The working directory as an absolute path; `.` where it cannot be told.
    package static var currentDirectory: String {
        guard let path = unsafe getcwd(nil, 0) else { return "." }
        defer { unsafe free(path) }
        return unsafe String(cString: path)
    }
}

/// The environment, copied: nothing else of Sluice calls getenv or setenv.
package enum Environment {
    /// Every `NAME=value`, in the order of the process; a line without `=` is left out.
    package static func all() -> [(name: String, value: String)] {
        var result: [(name: String, value: String)] = []
        guard var entry = unsafe clinux_environment() else { return [] }
        while let line = unsafe entry.pointee {
            let text = unsafe String(cString: line)
            // To a String, `=` and a combining mark behind it are one character.
            if let separator = text.utf8.firstIndex(of: 0x3D) {
                result.append((String(text[..<separator]), String(text[text.utf8.index(after: separator)...])))
            }
            unsafe entry += 1
        }
        return result
    }

    /// The value of one variable, or nil when it is not set.
    package static func value(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }
}

/// RLIMIT_NOFILE (getrlimit(2)).
package enum OpenFilesLimit {
    /// Raises the soft limit to the hard one and returns it: a connection is a descriptor.
    @discardableResult
    package static func raise() throws(SystemError) -> Int {
        var limit = rlimit()
        _ = try SystemCall.value("getrlimit") { unsafe clinux_get_open_files(&limit) }
        if limit.rlim_cur < limit.rlim_max {
            limit.rlim_cur = limit.rlim_max
            _ = try SystemCall.value("setrlimit") { unsafe clinux_set_open_files(&limit) }
        }
        return Int(clamping: limit.rlim_cur)
    }

    /// The soft limit now.
    package static func current() throws(SystemError) -> Int {
        var limit = rlimit()
        _ = try SystemCall.value("getrlimit") { unsafe clinux_get_open_files(&limit) }
        return Int(clamping: limit.rlim_cur)
    }
}
