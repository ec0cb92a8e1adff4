internal import CLinux

/// A datagram socket with a path (unix(7)): the other side of the protocols of systemd and syslog.
package struct DatagramSocket: ~Copyable, Sendable {
    private let descriptor: FileDescriptor
    private let path: String

    /// Binds to `path` (at most 107 bytes), which must be free; the name goes with this value.
    package init(path: String) throws(SystemError) {
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let room = MemoryLayout.size(ofValue: address.sun_path)
        let bytes = path.utf8Span.span
        guard bytes.count < room else { throw SystemError(call: "bind \(path)", errno: ENAMETOOLONG) }
        unsafe withUnsafeMutableBytes(of: &address.sun_path) { output in
            for index in bytes.indices { unsafe output[index] = bytes[index] }
        }
        let descriptor = FileDescriptor(
            adopting: try SystemCall.value("socket") { clinux_socket(AF_UNIX, clinux_sock_dgram, 0) })
        let raw = descriptor.raw
        _ = try SystemCall.value("bind \(path)") {
            unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                    unsafe bind(raw, generic, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
        }
        self.descriptor = descriptor
        self.path = path
    }

    deinit { _ = try? Files.unlink(path) }

    /// For registering with an event loop.
    package var raw: Int32 { descriptor.raw }

    /// The next message that has arrived, cut to `bytesMax`; nil: none waits.
    package func receive(bytesMax: Int = 65_536) throws(SystemError) -> [UInt8]? {
        let raw = raw
        var message = [UInt8](repeating: 0, count: bytesMax)
        let count = try unsafe message.withUnsafeMutableBufferPointer { buffer throws(SystemError) in
            try SystemCall.nonBlocking("recv") { unsafe recv(raw, buffer.baseAddress, buffer.count, 0) }
        }
        guard let count else { return nil }
        message.removeLast(message.count - count)
        return message
    }
}
