internal import Bytes
internal import CLinux

/// A listener for TCP or of a Unix-domain socket, shared by all workers: each registers the same descriptor as
/// `.exclusive`.
package final class ListeningSocket: Sendable {
    private let descriptor: FileDescriptor
    /// The bound address, with the port that the kernel chose where 0 was asked for; 0.0.0.0:0 for a Unix socket.
    package let address: SocketAddress
    /// Whether it is a Unix-domain socket.
    package let isUnix: Bool
    /// Where this process made a Unix-domain socket; nil for any other and for an inherited one.
    let path: UnixSocketPath?
    /// The file at `path`, by device and inode: somebody else's in the same place is not ours to remove.
    let pathFacts: FileFacts?

    /// What of an answer the kernel holds for a client that does not read, beyond what is on its way. Its own bound is
    /// 4 MiB for each connection, and it calls a socket writable only once a third of what it holds was taken: a slow
    /// reader would look like one that does not read at all.
    private static let unsentBytesMax: Int32 = 16_384

    /// Takes over a socket that already listens: one inherited from systemd or from a predecessor.
    package convenience init(adopting descriptor: consuming FileDescriptor) throws(SystemError) {
        try self.init(adopting: descriptor, path: nil, facts: nil)
    }

    init(
        adopting descriptor: consuming FileDescriptor, path: UnixSocketPath?, facts: FileFacts?
    ) throws(SystemError) {
        try descriptor.setBlocking(false)
        let bound = try descriptor.internetAddress()
        address = bound ?? SocketAddress()
        isUnix = bound == nil
        if !isUnix {
            // Inherited by accepted connections. Where it is unknown, more of an answer waits in the kernel.
            try? descriptor.setOption(Int32(IPPROTO_TCP), TCP_NOTSENT_LOWAT, Self.unsentBytesMax, "TCP_NOTSENT_LOWAT")
        }
        self.path = path
        pathFacts = facts
        self.descriptor = descriptor
    }

    /// `127.0.0.1:8080`, `unix:/run/sluice/http.sock`.
    package var name: String {
        guard isUnix else { return address.description }
        return path?.description ?? "an inherited Unix socket"
    }

    /// Binds and listens. `[::]` takes IPv4 too, unless it `isOnlyIPv6`. The address may be in TIME_WAIT
    /// (SO_REUSEADDR); one that another socket listens on is a ``SystemError`` with ``SystemError/isAddressInUse`` that
    /// names it.
    ///
    /// `backlog` is capped by `net.core.somaxconn`. Accepted connections inherit TCP_NODELAY (tcp(7)), which saves a
    /// call for each.
    package convenience init(
        on address: SocketAddress, isOnlyIPv6: Bool = false, backlog: Int32 = 4_096
    ) throws(SystemError) {
        let descriptor = FileDescriptor(
            adopting: try SystemCall.value("socket for \(address)") {
                clinux_socket(address.family, clinux_sock_stream, 0)
            })
        try descriptor.setOption(SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR")
        try descriptor.setOption(Int32(IPPROTO_TCP), TCP_NODELAY, 1, "TCP_NODELAY")
        if !address.ip.isV4 {
            try descriptor.setOption(Int32(IPPROTO_IPV6), IPV6_V6ONLY, isOnlyIPv6 ? 1 : 0, "IPV6_V6ONLY")
        }
        let raw = descriptor.raw
        _ = try SystemCall.value("bind \(address)") {
            unsafe address.withSystemAddress { pointer, length in unsafe bind(raw, pointer, length) }
        }
        _ = try SystemCall.value("listen \(address)") { listen(raw, backlog) }
        try self.init(adopting: descriptor)
    }

    /// For registering with an event loop, and for handing the socket to a successor.
    package var raw: Int32 { descriptor.raw }

    /// The next connection that waits, non-blocking and close-on-exec, its address in `peer` (nil for one through a
    /// Unix socket, whose ends have no addresses worth the name); nil: none waits.
    ///
    /// Throws when there is no descriptor left (``SystemError/isOutOfDescriptors``): the connection stays in the queue,
    /// so pause before the next try.
    package func accept(peer: inout SocketAddress?) throws(SystemError) -> FileDescriptor? {
        let listener = raw
        while true {
            var storage = sockaddr_in6()
            var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
            let accepted: Int32?
            do {
                accepted = try SystemCall.nonBlocking("accept4") {
                    unsafe withUnsafeMutablePointer(to: &storage) { pointer in
                        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                            unsafe clinux_accept(listener, generic, &length)
                        }
                    }
                }
            } catch {
                if Self.concernsOnlyThatConnection(error.errno) { continue }
                throw error
            }
            guard let accepted else { return nil }
            peer = isUnix ? nil : SocketAddress.value(of: &storage)
            return FileDescriptor(adopting: accepted)
        }
    }

    /// "Linux accept() passes already-pending network errors on the new socket as an error code from accept(). For
    /// reliable operation the application should detect [them] and treat them like EAGAIN by retrying." (accept(2))
    private static func concernsOnlyThatConnection(_ number: Int32) -> Bool {
        switch number {
        case ECONNABORTED, ENETDOWN, EPROTO, ENOPROTOOPT, EHOSTDOWN, ENONET, EHOSTUNREACH, EOPNOTSUPP, ENETUNREACH,
            EPERM:
            true
        default: false
        }
    }
}
