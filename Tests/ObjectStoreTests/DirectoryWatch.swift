import Glibc

/// What happens to a directory's names, and when it is opened, as something must be to be synchronised (inotify(7)).
final class DirectoryWatch {
    private let descriptor = inotify_init1(Int32(IN_NONBLOCK | IN_CLOEXEC))

    init(_ path: String) {
        _ = unsafe inotify_add_watch(descriptor, path, UInt32(IN_OPEN | IN_CREATE | IN_DELETE))
    }

    deinit { close(descriptor) }

    /// Those since the last call.
    var events: [String] {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe read(descriptor, &buffer, buffer.count)
        var found: [String] = []
        var offset = 0
        // struct inotify_event: int wd; uint32_t mask, cookie, len; char name[len].
        while offset + 16 <= count {
            let mask = Self.word(buffer, offset + 4)
            let length = Int(Self.word(buffer, offset + 12))
            let bytes = buffer[(offset + 16) ..< (offset + 16 + length)]
            let name = String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            if mask & UInt32(IN_CREATE) != 0 { found.append("made \(name)") }
            if mask & UInt32(IN_DELETE) != 0 { found.append("removed \(name)") }
            if mask & UInt32(IN_OPEN) != 0, name.isEmpty { found.append("opened") }
            offset += 16 + length
        }
        return found
    }

    private static func word(_ bytes: [UInt8], _ offset: Int) -> UInt32 {
        (0 ..< 4).reduce(0) { $0 | UInt32(bytes[offset + $1]) << (8 * UInt32($1)) }
    }
}
