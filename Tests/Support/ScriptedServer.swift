internal import Foundation
internal import Glibc
internal import Synchronization

/// An HTTP server on loopback that does what a test says, well or badly: each connection runs `script` on a thread of
/// its own, with blocking calls. It is no evidence that requests are *right*; real servers are for that.
package final class ScriptedServer: Sendable {
    package typealias Script = @Sendable (ScriptedConnection) throws -> Void

    private struct State {
        var listener: Int32
        var connections: [Int: Int32] = [:]
        var accepted = 0
        var requests: [ScriptedRequest] = []
    }

    package let port: UInt16
    private let state: Mutex<State>
    private let threads = DispatchGroup()
    private let releases = DispatchSemaphore(value: 0)

    package var url: String { "http://127.0.0.1:\(port)" }
    /// Connections accepted so far.
    package var acceptedCount: Int { state.withLock { $0.accepted } }
    /// Every request whose head was read, in that order.
    package var requests: [ScriptedRequest] { state.withLock { $0.requests } }

    package init(_ script: @escaping Script) throws {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isBound = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                unsafe bind(listener, raw, length) == 0 && listen(listener, 64) == 0
                    && getsockname(listener, raw, &length) == 0
            }
        }
        guard isBound else { throw ScriptedServerError(description: "no loopback port: errno \(errno)") }
        port = UInt16(bigEndian: address.sin_port)
        state = Mutex(State(listener: listener))
        run { server in server.accept(listener, script) }
    }

    /// A server that reads whole requests and answers each with what `reply` says, connections being kept.
    package convenience init(replying reply: @escaping @Sendable (ScriptedRequest) -> ScriptedReply) throws {
        try self.init { connection in
            while var request = try connection.readHead() {
                if request.field("expect") != nil { try connection.send("HTTP/1.1 100 Continue\r\n\r\n") }
                request.body = try connection.readBody(request)
                switch reply(request) {
                case .answer(let status, let fields, let body):
                    var text = "HTTP/1.1 \(status) Scripted\r\n"
                    for (name, value) in fields { text += "\(name): \(value)\r\n" }
                    try connection.send(text + "Content-Length: \(body.utf8.count)\r\n\r\n" + body)
                case .raw(let text): try connection.send(text)
                case .hang: return connection.drain()
                case .close: return
                case .reset: return connection.reset()
                }
            }
        }
    }

    /// Lets one connection go on that waits in ``ScriptedConnection/waitForRelease()``.
    package func release() { releases.signal() }

    func waitForRelease() { _ = releases.wait(timeout: .now() + 20) }

    /// Takes no further connection; those that are open go on.
    package func stopListening() { state.withLock { _ = shutdown($0.listener, Int32(SHUT_RDWR)) } }

    /// Ends everything and waits for it.
    package func stop() {
        state.withLock { state in
            shutdown(state.listener, Int32(SHUT_RDWR))
            for descriptor in state.connections.values { shutdown(descriptor, Int32(SHUT_RDWR)) }
        }
        threads.wait()
    }

    private func run(_ body: @escaping @Sendable (ScriptedServer) -> Void) {
        threads.enter()
        Thread.detachNewThread {
            body(self)
            self.threads.leave()
        }
    }

    private func accept(_ listener: Int32, _ script: @escaping Script) {
        while true {
            let descriptor = Glibc.accept(listener, nil, nil)
            guard descriptor >= 0 else { break }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            let number = state.withLock { state in
                state.accepted += 1
                state.connections[state.accepted] = descriptor
                return state.accepted
            }
            run { server in
                let connection = ScriptedConnection(descriptor: descriptor, number: number, server: server)
                // A script ends early where the client goes away: the test judges by what the client saw.
                try? script(connection)
                connection.close()
            }
        }
        // Before the number of its descriptor is another's.
        state.withLock { state in
            close(listener)
            state.listener = -1
        }
    }

    /// Before the number of its descriptor is another's.
    func forget(_ number: Int) {
        state.withLock { _ = $0.connections.removeValue(forKey: number) }
    }

    func record(_ request: ScriptedRequest) {
        state.withLock { $0.requests.append(request) }
    }
}

/// What ``ScriptedServer`` answers to a whole request.
package enum ScriptedReply: Sendable {
    case answer(Int, [(String, String)] = [], String = "")
    case raw(String)
    /// No answer, ever.
    case hang
    case close
    case reset
}

package struct ScriptedServerError: Error, CustomStringConvertible {
    package let description: String
}

/// A request as the server read it.
package struct ScriptedRequest: Sendable {
    package var method: String
    package var target: String
    package var fields: [(name: String, value: String)]
    package var body: [UInt8] = []
    package var connection: Int

    /// The first field called `name` (lower case).
    package func field(_ name: String) -> String? {
        fields.first { $0.name == name }?.value
    }
}

/// One connection of a ``ScriptedServer``.
package final class ScriptedConnection {
    package let number: Int
    private let descriptor: Int32
    private let server: ScriptedServer
    private var received: [UInt8] = []
    private var isOpen = true

    init(descriptor: Int32, number: Int, server: ScriptedServer) {
        self.descriptor = descriptor
        self.number = number
        self.server = server
        // A net for a test that hangs, not a part of any script.
        var timeout = timeval(tv_sec: 20, tv_usec: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
    }

    /// The next request without its body; nil when the client has closed.
    package func readHead() throws -> ScriptedRequest? {
        while true {
            let text = String(decoding: received, as: UTF8.self)
            if let end = text.range(of: "\r\n\r\n") {
                let head = text[..<end.lowerBound]
                received.removeFirst(head.utf8.count + 4)
                return try parse(String(head))
            }
            guard try receive() else { return nil }
        }
    }

    /// Exactly `count` bytes of what follows the head.
    package func readBytes(_ count: Int) throws -> [UInt8] {
        while received.count < count {
            guard try receive() else { throw ScriptedServerError(description: "client closed in the body") }
        }
        defer { received.removeFirst(count) }
        return Array(received[..<count])
    }

    package func readBody(_ request: ScriptedRequest) throws -> [UInt8] {
        try readBytes(Int(request.field("content-length") ?? "0") ?? 0)
    }

    /// The next bytes, as many as are there; nil when the client has closed.
    package func readSome() throws -> [UInt8]? {
        if received.isEmpty, try !receive() { return nil }
        defer { received.removeAll() }
        return received
    }

    /// Takes few bytes in beyond those that are read: a client of ours then waits for the reader.
    package func narrow() {
        var bytes: Int32 = 16_384
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &bytes, socklen_t(MemoryLayout<Int32>.size))
    }

    /// Waits until the client closes (or resets), dropping what it sends.
    package func drain() {
        while (try? receive()) == true { received.removeAll() }
    }

    package func send(_ text: String) throws { try send([UInt8](text.utf8)) }

    package func send(_ bytes: [UInt8]) throws {
        var sent = 0
        while sent < bytes.count {
            let rest = Array(bytes[sent...])
            let count = unsafe Glibc.send(descriptor, rest, rest.count, Int32(MSG_NOSIGNAL))
            guard count > 0 else { throw ScriptedServerError(description: "send: errno \(errno)") }
            sent += count
        }
    }

    /// Waits until the test calls ``ScriptedServer/release()``.
    package func waitForRelease() { server.waitForRelease() }

    /// From now on nobody listens where the client has connected to.
    package func stopListening() { server.stopListening() }

    /// Sends no more, and says so (FIN); the client still may.
    package func endSending() { shutdown(descriptor, Int32(SHUT_WR)) }

    /// Closes with a reset (RST) whatever was received.
    package func reset() {
        var option = linger(l_onoff: 1, l_linger: 0)
        unsafe setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        close()
    }

    package func close() {
        guard isOpen else { return }
        isOpen = false
        server.forget(number)
        Glibc.close(descriptor)
    }

    private func receive() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = unsafe recv(descriptor, &buffer, buffer.count, 0)
        if count < 0 { throw ScriptedServerError(description: "recv: errno \(errno)") }
        received += buffer[..<count]
        return count > 0
    }

    private func parse(_ head: String) throws -> ScriptedRequest {
        let lines = head.components(separatedBy: "\r\n")
        let words = lines[0].components(separatedBy: " ")
        guard words.count == 3, words[2] == "HTTP/1.1" else {
            throw ScriptedServerError(description: "request line: \(lines[0])")
        }
        let fields = lines.dropFirst().map { line in
            let parts = line.split(separator: ":", maxSplits: 1).map(String.init)
            return (parts[0].lowercased(), parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : "")
        }
        let request = ScriptedRequest(method: words[0], target: words[1], fields: fields, connection: number)
        server.record(request)
        return request
    }
}
