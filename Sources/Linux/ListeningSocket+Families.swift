internal import CLinux

extension ListeningSocket {
    /// Whether this machine has IPv6 at all: whether such a socket can be made and bound to the loopback address.
    package static var canUseIPv6: Bool {
        (try? ListeningSocket(on: SocketAddress(ip: IPAddress(upper: 0, lower: 1), port: 0))) != nil
    }
}
