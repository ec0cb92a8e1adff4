internal import Bytes
internal import CLinux

extension ListeningSocket {
    /// Whether a listener could be made there: binds, and listens to nobody. Throws what
    /// ``init(on:isOnlyIPv6:backlog:)`` would.
    package static func probe(_ address: SocketAddress, isOnlyIPv6: Bool) throws(SystemError) {
        let descriptor = FileDescriptor(
            adopting: try SystemCall.value("socket for \(address)") {
                clinux_socket(address.family, clinux_sock_stream, 0)
            })
        try descriptor.setOption(SOL_SOCKET, SO_REUSEADDR, 1, "SO_REUSEADDR")
        if !address.ip.isV4 {
            try descriptor.setOption(Int32(IPPROTO_IPV6), IPV6_V6ONLY, isOnlyIPv6 ? 1 : 0, "IPV6_V6ONLY")
        }
        let raw = descriptor.raw
        _ = try SystemCall.value("bind \(address)") {
            unsafe address.withSystemAddress { pointer, length in unsafe bind(raw, pointer, length) }
        }
    }
}
