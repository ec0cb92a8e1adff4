internal import CLinux

extension FileDescriptor {
    /// Begins a TCP connection to `address` (non-blocking): writable, or failed, when ``takeSocketError()`` is worth
    /// asking. With `blocks` it waits for the connection instead.
    package static func connect(to address: SocketAddress, blocks: Bool = false) throws(SystemError) -> FileDescriptor {
        let descriptor = FileDescriptor(
            adopting: try SystemCall.value("socket") {
                clinux_socket(address.family, clinux_sock_stream, blocks ? 1 : 0)
            })
        try descriptor.setOption(Int32(IPPROTO_TCP), TCP_NODELAY, 1, "TCP_NODELAY")
        let raw = descriptor.raw
        _ = try SystemCall.nonBlocking("connect \(address)") {
            unsafe address.withSystemAddress { pointer, length in unsafe CLinux.connect(raw, pointer, length) }
        }
        return descriptor
    }

    /// Two connected stream sockets (AF_UNIX), non-blocking unless `blocks`.
    package static func streamPair(
        blocks: Bool = false, _ body: (consuming FileDescriptor, consuming FileDescriptor) throws(SystemError) -> Void
    ) throws(SystemError) {
        var pair: (Int32, Int32) = (-1, -1)
        _ = try SystemCall.value("socketpair") {
            unsafe withUnsafeMutablePointer(to: &pair) { pointer in
                unsafe pointer.withMemoryRebound(to: Int32.self, capacity: 2) { descriptors in
                    unsafe clinux_socketpair(AF_UNIX, clinux_sock_stream, blocks ? 1 : 0, descriptors)
                }
            }
        }
        try body(FileDescriptor(adopting: pair.0), FileDescriptor(adopting: pair.1))
    }

    /// The address of this end.
    package func localAddress() throws(SystemError) -> SocketAddress { try internetAddress() ?? SocketAddress() }

    /// The address of this end; nil for a socket that is neither IPv4 nor IPv6.
    func internetAddress() throws(SystemError) -> SocketAddress? {
        let raw = raw
        return try unsafe SocketAddress.filled { pointer, length throws(SystemError) in
            _ = try SystemCall.value("getsockname") { unsafe getsockname(raw, pointer, &length) }
        }
    }

    /// The address of the other end.
    package func peerAddress() throws(SystemError) -> SocketAddress {
        let raw = raw
        return try unsafe SocketAddress.filled { pointer, length throws(SystemError) in
            _ = try SystemCall.value("getpeername") { unsafe getpeername(raw, pointer, &length) }
        } ?? SocketAddress()
    }

    /// Sends the end of our stream and keeps reading: the half-close (shutdown(2)). A connection that is gone already
    /// is no error.
    package func shutdownWrite() throws(SystemError) {
        do {
            _ = try SystemCall.value("shutdown") { shutdown(raw, Int32(clinux_shut_wr)) }
        } catch {
            if !error.isConnectionLoss { throw error }
        }
    }

    /// Makes the coming close a reset instead of an orderly end (SO_LINGER of 0 seconds).
    package func resetOnClose() throws(SystemError) {
        var value = linger(l_onoff: 1, l_linger: 0)
        let raw = raw
        _ = try SystemCall.value("setsockopt SO_LINGER") {
            unsafe setsockopt(raw, SOL_SOCKET, SO_LINGER, &value, socklen_t(MemoryLayout<linger>.size))
        }
    }

    /// The sizes of the kernel's buffers in bytes; it doubles what it is told (socket(7)).
    package func setBuffers(receiveBytes: Int32? = nil, sendBytes: Int32? = nil) throws(SystemError) {
        if let receiveBytes { try setOption(SOL_SOCKET, SO_RCVBUF, receiveBytes, "SO_RCVBUF") }
        if let sendBytes { try setOption(SOL_SOCKET, SO_SNDBUF, sendBytes, "SO_SNDBUF") }
    }

    /// The error that waits on the socket (SO_ERROR), taken off it; nil: none, a begun connection stands.
    package func takeSocketError() throws(SystemError) -> SystemError? {
        var number: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        let raw = raw
        _ = try SystemCall.value("getsockopt") { unsafe getsockopt(raw, SOL_SOCKET, SO_ERROR, &number, &length) }
        return number == 0 ? nil : SystemError(call: "connect", errno: number)
    }

    func setOption(_ level: Int32, _ name: Int32, _ value: Int32, _ text: String) throws(SystemError) {
        var value = value
        let raw = raw
        _ = try SystemCall.value("setsockopt \(text)") {
            unsafe setsockopt(raw, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
        }
    }
}
