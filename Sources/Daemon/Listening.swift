internal import Bytes
internal import Linux
internal import ObjectStore
internal import Settings
internal import Systemd

/// Opens listeners, with messages that say what to do when that fails.
enum Listening {
    /// - Parameter unixPermissions: of the sockets in the file system.
    static func open(
        _ addresses: [ListenAddress], unixPermissions: UInt32
    ) throws(StartProblem) -> [ListeningSocket] {
        var sockets: [ListeningSocket] = []
        for address in addresses {
            switch address {
            case .unix(let path): sockets.append(try bind(path, permissions: unixPermissions))
            case .address(let host, let port):
                let leavesIPv4 = addresses.contains { $0.isIPv4(port: port) }
                sockets.append(try bind(host, port, address.text, isOnlyIPv6: leavesIPv4))
            case .systemd: sockets += try inherited()
            }
        }
        return sockets
    }

    /// The admin listener, which systemd never hands over.
    static func openOne(_ address: ListenAddress, unixPermissions: UInt32) throws(StartProblem) -> ListeningSocket {
        guard let socket = try open([address], unixPermissions: unixPermissions).first else {
            throw StartProblem("\(address.text): nothing to listen on")
        }
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
            throw problem(error, text)
        }
    }

    private static func problem(_ error: SystemError, _ text: String) -> StartProblem {
        if error.isAddressInUse {
            return StartProblem("\(text) is taken by another process (EADDRINUSE): stop it, or choose another")
        }
        if error.isPermission {
            return StartProblem("no permission to listen on \(text): ports below 1024 need CAP_NET_BIND_SERVICE")
        }
        if error.isAddressUnavailable {
            return StartProblem("\(text) is not an address of this machine: choose another one to listen on")
        }
        return StartProblem("cannot listen on \(text): \(error)")
    }

    /// Why nothing can listen there.
    struct ProbeFailure: Error {
        let problem: StartProblem
        /// Somebody listens there already, Sluice perhaps.
        let isTaken: Bool
    }

    /// Whether one of `addresses` can be listened on, without listening. Of a Unix socket, whose file would have to be
    /// made, only the directory is looked at.
    static func probe(_ address: ListenAddress, among addresses: [ListenAddress]) throws(ProbeFailure) {
        switch address {
        case .systemd: return
        case .unix(let path):
            let directory = Files.parent(of: path) ?? "/"
            guard Files.mayWrite(in: directory) else {
                let problem = StartProblem("no socket can be made in \(directory): make it, and give rights")
                throw ProbeFailure(problem: problem, isTaken: false)
            }
        case .address(let host, let port):
            guard let ip = IPAddress(parsing: host) else { return }
            do throws(SystemError) {
                let leavesIPv4 = addresses.contains { $0.isIPv4(port: port) }
                try ListeningSocket.probe(SocketAddress(ip: ip, port: port), isOnlyIPv6: leavesIPv4)
            } catch {
                throw ProbeFailure(problem: problem(error, address.text), isTaken: error.isAddressInUse)
            }
        }
    }

    private static func bind(_ text: String, permissions: UInt32) throws(StartProblem) -> ListeningSocket {
        guard let path = UnixSocketPath(text) else {
            throw StartProblem("unix:\(text) is too long: a socket's path has \(UnixSocketPath.bytesMax) bytes at most")
        }
        do {
            return try ListeningSocket(on: path, permissions: permissions)
        } catch {
            if error.isAddressInUse {
                throw StartProblem(
                    """
                    \(path) is taken: another process listens there, or the file is no socket; stop it, or choose \
                    another
                    """)
            }
            if error.isNoSuchFile {
                throw StartProblem("the directory of \(path) does not exist: make it, or choose another path")
            }
            if error.isPermission {
                throw StartProblem("no permission to make \(path): check the rights of its directory")
            }
            throw StartProblem("cannot listen on \(path): \(error)")
        }
    }

    /// All of them: a connection to one that nobody accepts from would wait for ever.
    private static func inherited() throws(StartProblem) -> [ListeningSocket] {
        var sockets: [ListeningSocket] = []
        do {
            for socket in try InheritedSockets.take() where socket.isStreamListener {
                sockets.append(try ListeningSocket(adopting: FileDescriptor(adopting: socket.descriptor)))
            }
        } catch {
            throw StartProblem("the sockets of systemd cannot be used: \(error)")
        }
        guard !sockets.isEmpty else {
            throw StartProblem("systemd handed over no listening stream socket: check the .socket unit")
        }
        return sockets
    }
}

extension ListenAddress {
    /// Whether this is an IPv4 address with that port. Port 0 stands for one that nobody has.
    fileprivate func isIPv4(port wanted: UInt16) -> Bool {
        switch self {
        case .address(let host, let port): port == wanted && port != 0 && !host.utf8.contains(UInt8(ascii: ":"))
        case .unix, .systemd: false
        }
    }
}

/// Directories that have to be there before anything else starts.
enum Directories {
    static func openSpool(_ settings: ResolvedSettings, slotsMax: Int) throws(StartProblem) -> Spool {
        try make(settings.spoolDirectory, setting: "SLUICE_SPOOL_DIR")
        do {
            return try Spool(directory: settings.spoolDirectory, slotsMax: slotsMax)
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
