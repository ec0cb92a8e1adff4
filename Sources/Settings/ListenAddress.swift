internal import Bytes

/// Where a listener listens.
package enum ListenAddress: Equatable, Sendable {
    /// `host` is an IPv4 address, or an IPv6 address without brackets. Port 0 lets the kernel choose.
    case address(host: String, port: UInt16)
    /// A socket in the file system.
    case unix(path: String)
    /// The sockets that systemd hands over.
    case systemd

    package var text: String {
        switch self {
        case .address(let host, let port): host.utf8.contains(0x3A) ? "[\(host)]:\(port)" : "\(host):\(port)"
        case .unix(let path): Self.unixPrefix + path
        case .systemd: "systemd"
        }
    }

    private static let unixPrefix = "unix:"

    /// `127.0.0.1:8080`, `[::1]:8080`, `localhost:8080` (the IPv4 loopback), `unix:/run/sluice/http.sock` or, where
    /// allowed, `systemd`.
    static func parse(_ text: String, allowsSystemd: Bool) -> ListenAddress? {
        if text == "systemd" { return allowsSystemd ? .systemd : nil }
        if text.hasPrefix(unixPrefix) {
            let path = text.dropFirst(unixPrefix.count)
            // Relative, it would move with the working directory.
            return path.hasPrefix("/") ? .unix(path: String(path)) : nil
        }
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = [UInt8](text[text.index(after: colon)...].utf8)
        guard let port = Decimal.parse(digits.span).flatMap(UInt16.init(exactly:)) else { return nil }
        let host = String(text[..<colon])
        if host == "localhost" { return .address(host: "127.0.0.1", port: port) }
        if HostText.isIPv4(host) { return .address(host: host, port: port) }
        guard host.hasPrefix("["), host.hasSuffix("]"), HostText.isHost(host) else { return nil }
        return .address(host: String(host.dropFirst().dropLast()), port: port)
    }
}
