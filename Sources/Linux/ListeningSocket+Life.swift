internal import Bytes
internal import CLinux

extension ListeningSocket {
    /// Whether this machine has IPv6 at all: whether such a socket can be made and bound to the loopback address.
    package static var canUseIPv6: Bool {
        (try? ListeningSocket(on: SocketAddress(ip: IPAddress(upper: 0, lower: 1), port: 0))) != nil
    }
}

extension ListeningSocket {
    /// Listens no more, in every process and thread that shares the socket: new connections are refused at once, those
    /// that wait in the queue are reset (shutdown(2) of a listening socket does that on Linux).
    ///
    /// The file of a Unix-domain socket that this process made is removed.
    package func stopListening() {
        _ = shutdown(raw, Int32(SHUT_RDWR))
        guard let path, let pathFacts, let now = try? Files.facts(path.text),
            now.device == pathFacts.device, now.inode == pathFacts.inode
        else { return }
        // Left behind, it is replaced by whoever listens there next.
        _ = try? Files.unlink(path.text)
    }
}
