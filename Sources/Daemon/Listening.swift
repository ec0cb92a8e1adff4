internal import Linux
internal import ObjectStore
internal import Settings
internal import Systemd

/// Opens listeners, with messages that say what to do when that fails.
enum Listening {
    static func open(_ address: ListenAddress) throws(StartProblem) -> ListeningSocket {
        switch address {
        case .address(let host, let port): return try bind(host, port, address.text)
        case .systemd: return try inherited()
        }
    }

    private static func bind(_ host: String, _ port: UInt16, _ text: String) throws(StartProblem) -> ListeningSocket {
        guard let ip = IPAddress(parsing: host) else {
            throw StartProblem("\(text) is not an address to listen on: give an IPv4 or IPv6 address and a port")
        }
        do {
            return try ListeningSocket(on: SocketAddress(ip: ip, port: port))
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

    private static func inherited() throws(StartProblem) -> ListeningSocket {
        do {
            for socket in try InheritedSockets.take() where socket.isTCPListener {
                return try ListeningSocket(adopting: FileDescriptor(adopting: socket.descriptor))
            }
        } catch {
            throw StartProblem("the sockets of systemd cannot be used: \(error)")
        }
        throw StartProblem("systemd handed over no listening TCP socket: check the .socket unit")
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

    static func make(_ path: String, setting: String) throws(StartProblem) {
        do {
            try Files.makeDirectories(path, permissions: 0o755)
        } catch {
            throw StartProblem(
                "the directory \(path) cannot be made: \(error); set \(setting) to another, or give rights")
        }
    }
}
