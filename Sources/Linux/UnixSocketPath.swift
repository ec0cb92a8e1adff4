internal import CLinux

/// The path of a Unix-domain socket (unix(7)).
package struct UnixSocketPath: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// `sun_path` has 108 bytes, the last of them a NUL.
    package static let bytesMax = 107

    /// nil for a path that is empty, too long, or holds a NUL.
    package init?(_ text: String) {
        guard !text.isEmpty, text.utf8.count <= Self.bytesMax, !text.utf8.contains(0) else { return nil }
        self.text = text
    }

    /// `unix:/run/sluice/http.sock`, as listeners are configured.
    package var description: String { "unix:\(text)" }

    /// Calls `body` with the kernel's form.
    func withSystemAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { bytes in
            unsafe bytes.copyBytes(from: text.utf8)
        }
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe body(generic, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}

extension ListeningSocket {
    /// Binds a Unix-domain socket at `path` with these permissions (to connect is to write to it) and listens.
    ///
    /// A socket that a dead process left there is replaced; one that somebody listens on is a ``SystemError`` with
    /// ``SystemError/isAddressInUse``, and so is any other file, which is left alone.
    package convenience init(
        on path: UnixSocketPath, permissions: UInt32, backlog: Int32 = 4_096
    ) throws(SystemError) {
        let descriptor = FileDescriptor(
            adopting: try SystemCall.value("socket for \(path)") { clinux_socket(AF_UNIX, clinux_sock_stream, 0) })
        do {
            try Self.bind(descriptor, to: path)
        } catch {
            guard error.isAddressInUse, try Self.isAbandoned(path) else { throw error }
            _ = try Files.unlink(path.text)
            try Self.bind(descriptor, to: path)
        }
        let facts = try Files.facts(path.text)
        // Nobody can connect before listen(2), so there is no moment with other permissions.
        _ = try SystemCall.value("chmod \(path.text)") { unsafe chmod(path.text, permissions) }
        let raw = descriptor.raw
        _ = try SystemCall.value("listen \(path)") { listen(raw, backlog) }
        try self.init(adopting: descriptor, path: path, facts: facts)
    }

    private static func bind(_ descriptor: borrowing FileDescriptor, to path: UnixSocketPath) throws(SystemError) {
        let raw = descriptor.raw
        _ = try SystemCall.value("bind \(path)") {
            unsafe path.withSystemAddress { pointer, length in unsafe CLinux.bind(raw, pointer, length) }
        }
    }

    /// Whether a socket lies there that nobody listens on.
    private static func isAbandoned(_ path: UnixSocketPath) throws(SystemError) -> Bool {
        guard let facts = try Files.facts(path.text), facts.isSocket else { return false }
        do {
            // Not waiting: where the queue is full, somebody has one.
            _ = try FileDescriptor.connect(to: path)
            return false
        } catch {
            return error.errno == ECONNREFUSED
        }
    }
}

extension FileDescriptor {
    /// Connects to a Unix-domain socket, at once or not at all, but for a full queue: then a non-blocking descriptor is
    /// not connected (unix(7)), and with `blocks` the call waits.
    package static func connect(
        to path: UnixSocketPath, blocks: Bool = false
    ) throws(SystemError) -> FileDescriptor {
        let descriptor = FileDescriptor(
            adopting: try SystemCall.value("socket") { clinux_socket(AF_UNIX, clinux_sock_stream, blocks ? 1 : 0) })
        let raw = descriptor.raw
        _ = try SystemCall.nonBlocking("connect \(path)") {
            unsafe path.withSystemAddress { pointer, length in unsafe CLinux.connect(raw, pointer, length) }
        }
        return descriptor
    }
}
