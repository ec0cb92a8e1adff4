package import Bytes
internal import CLinux

/// An address and a port, as listeners are configured and peers are named.
package struct SocketAddress: Hashable, Sendable, CustomStringConvertible {
    package let ip: IPAddress
    /// 0 asks for any free port.
    package let port: UInt16

    package init(ip: IPAddress, port: UInt16) {
        self.ip = ip
        self.port = port
    }

    /// 0.0.0.0:0, a place to put an address.
    package init() { self.init(ip: IPAddress(v4: 0), port: 0) }

    /// 127.0.0.1 with that port.
    package static func loopback(port: UInt16) -> SocketAddress {
        SocketAddress(ip: IPAddress(v4: 0x7F00_0001), port: port)
    }

    /// Reads `127.0.0.1:8080` or `[::]:8080`: numeric, the port always there, IPv6 always in brackets.
    package init?(parsing text: Span<UInt8>) {
        var colon: Int?
        for index in text.indices where text[index] == 0x3A { colon = index }
        guard let colon, let port = Decimal.parse(text.extracting(droppingFirst: colon + 1)), port <= 65_535
        else { return nil }
        var host = text.extracting(first: colon)
        let isBracketed = host.count >= 2 && host[0] == 0x5B && host[host.count - 1] == 0x5D
        if isBracketed { host = host.extracting(1 ..< host.count - 1) }
        guard let ip = IPAddress(parsing: host) else { return nil }
        // `::1:80` could mean two things, `[127.0.0.1]:80` nothing.
        var hasColon = false
        for index in host.indices where host[index] == 0x3A { hasColon = true }
        guard hasColon == isBracketed else { return nil }
        self.init(ip: ip, port: UInt16(port))
    }

    package init?(parsing text: String) { self.init(parsing: text.utf8Span.span) }

    /// `127.0.0.1:8080`, `[::1]:8080`.
    package var description: String {
        ip.isV4 ? "\(ip):\(port)" : "[\(ip)]:\(port)"
    }

    var family: Int32 { ip.isV4 ? AF_INET : AF_INET6 }

    /// Calls `body` with the kernel's form, in the family of the address.
    func withSystemAddress<Result>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Result) -> Result {
        if let v4 = ip.v4 {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = port.bigEndian
            address.sin_addr.s_addr = v4.bigEndian
            return unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                    unsafe body(generic, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }
        var address = sockaddr_in6()
        address.sin6_family = sa_family_t(AF_INET6)
        address.sin6_port = port.bigEndian
        address.sin6_addr = ip.in6
        return unsafe withUnsafePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe body(generic, socklen_t(MemoryLayout<sockaddr_in6>.size))
            }
        }
    }

    /// Lets `body` fill the kernel's form; nil for a family that is neither IPv4 nor IPv6.
    static func filled(
        _ body: (UnsafeMutablePointer<sockaddr>, inout socklen_t) throws(SystemError) -> Void
    ) throws(SystemError) -> SocketAddress? {
        var storage = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        try unsafe withUnsafeMutablePointer(to: &storage) { pointer throws(SystemError) in
            try unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic throws(SystemError) in
                try unsafe body(generic, &length)
            }
        }
        return value(of: &storage)
    }

    /// The value of a filled sockaddr_in6, which is large enough for a sockaddr_in too; both have the port in the same
    /// place.
    static func value(of storage: inout sockaddr_in6) -> SocketAddress? {
        let port = UInt16(bigEndian: storage.sin6_port)
        if Int32(storage.sin6_family) == AF_INET6 {
            return SocketAddress(ip: IPAddress.value(of: storage.sin6_addr), port: port)
        }
        guard Int32(storage.sin6_family) == AF_INET else { return nil }
        // sockaddr_in's address lies where sockaddr_in6 has its flow information (ip(7), ipv6(7)).
        return SocketAddress(ip: IPAddress(v4: UInt32(bigEndian: storage.sin6_flowinfo)), port: port)
    }
}
