internal import Linux
internal import ObjectStore
internal import Settings
internal import Systemd

/// Opens listeners, with messages that say what to do when that fails.
enum Listening {
    static func open(_ addresses: [ListenAddress]) throws(StartProblem) -> [ListeningSocket] {
        var sockets: [ListeningSocket] = []
        for address in addresses {
            switch address {
            case .address(let host, let port):
                let leavesIPv4 = addresses.contains { $0.isIPv4(port: port) }
                sockets.append(try bind(host, port, address.text, isOnlyIPv6: leavesIPv4))
            case .systemd: sockets += try inherited()
            }
        }
        return sockets
    }

    /// The admin listener, which systemd never hands over.
    static func openOne(_ address: ListenAddress) throws(StartProblem) -> ListeningSocket {
        guard let socket = try open([address]).first
        else { throw StartProblem("\(address.text): nothing to listen on") }
        return socket
    }

    /// - Parameter isOnlyIPv6: of an IPv6 address, that another listener has the port's IPv4 side.
    private static func bind(
        _ host: String, _ port: UInt16, _ text: String, isOnlyIPv6: Bool
    ) throws(StartProblem) -> ListeningSocket {
        guard let ip = IPAddress(parsing: host) else {
            throw StartProblem("\(text) is not an address to listen on: give an IPv4 or IPv6 address and a port")
        }
        do {
            return try ListeningSocket(on: SocketAddress(ip: ip, port: port), isOnlyIPv6: isOnlyIPv6)
        } catch {
            if error.isAddressInUse {
                throw StartProblem("\(text) is taken by another process (EADDRINUSE): stop it, or choose another")
            }
            if error.isPermission {
                throw StartProblem("no permission to listen on \(text): ports below 1024 need CAP_NET_BIND_SERVICE")
            }
            if error.isAddressUnavailable {
                throw StartProblem("\(text) is not an address of this machine: choose another one to listen on")
            }
            throw StartProblem("cannot listen on \(text): \(error)")
        }
    }

    /// All of them: a connection to one that nobody accepts from would wait for ever.
    private static func inherited() throws(StartProblem) -> [ListeningSocket] {
        var sockets: [ListeningSocket] = []
        do {
            for socket in try InheritedSockets.take() where socket.isTCPListener {
                sockets.append(try ListeningSocket(adopting: FileDescriptor(adopting: socket.descriptor)))
            }
        } catch {
            throw StartProblem("the sockets of systemd cannot be used: \(error)")
        }
        guard !sockets.isEmpty else {
            throw StartProblem("systemd handed over no listening TCP socket: check the .socket unit")
        }
        return sockets
    }
}

extension ListenAddress {
    /// Whether this is an IPv4 address with that port. Port 0 stands for one that nobody has.
    fileprivate func isIPv4(port wanted: UInt16) -> Bool {
        switch self {
        case .address(let host, let port): port == wanted && port != 0 && !host.utf8.contains(UInt8(ascii: ":"))
        case .systemd: false
        }
    }
}

/// Directories that have to be there before anything else starts.
enum Directories {
    static func openSpool(_ settings: ResolvedSettings) throws(StartProblem) -> Spool {
        try make(settings.spoolDirectory, setting: "SLUICE_SPOOL_DIR")
        do {
            return try Spool(directory: settings.spoolDirectory, slotsMax: settings.spoolSlots)
        } catch {
            throw StartProblem("the spool cannot be used: \(error); set SLUICE_SPOOL_DIR to a directory with rights")
        }
    }

    /// The folder of development mode, which holds a secret.
    static func makePrivate(_ path: String) throws(StartProblem) {
        do {
            try Files.makeDirectories(path, permissions: 0o700)
        } catch {
            throw StartProblem("the directory \(path) cannot be made: \(error); start in a directory with rights")
        }
    }

    static func make(_ path: String, setting: String) throws(StartProblem) {
        do {
            try Files.makeDirectories(path, permissions: 0o755)
        } catch {
            throw StartProblem(
                "the directory \(path) cannot be made: \(error); set \(setting) to another, or give rights")
        }
    }
}
