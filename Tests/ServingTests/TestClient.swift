import Bytes
import Linux

/// A client on a raw socket. Every wait has an end.
final class TestClient {
    enum Failure: Error {
        case timedOut(received: String)
        case lost
        case malformed(String)
    }

    struct Reply: Equatable {
        var status: Int
        var head: String
        var body: [UInt8]
    }

    private let socket: FileDescriptor
    private var epoll: Epoll
    private(set) var received: [UInt8] = []
    private var isEnded = false

    init(_ server: TestServer) throws {
        socket = try FileDescriptor.connect(to: server.address)
        epoll = try Epoll(eventsPerWaitMax: 1)
        try epoll.add(socket.raw, flags: [.readable, .writable, .edge], token: 1)
    }

    func send(_ text: String) throws { try send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes.span
        while !rest.isEmpty {
            switch try socket.send(rest) {
            case .bytes(let count): rest = rest.extracting(droppingFirst: count)
            case .wouldBlock: try wait()
            case .closed: throw Failure.lost
            }
        }
    }

    func halfClose() throws { try socket.shutdownWrite() }

    /// The next whole response.
    func reply(hasBody: Bool = true) throws -> Reply {
        let end = try headEnd()
        let head = String(decoding: received[..<end], as: UTF8.self)
        let words = head.split(separator: " ", maxSplits: 2)
        guard words.count == 3, let status = Int(words[1]) else { throw Failure.malformed(head) }
        var length = 0
        for line in head.split(separator: "\r\n") where line.hasPrefix("Content-Length: ") {
            length = Int(line.dropFirst(16)) ?? 0
        }
        if !hasBody { length = 0 }
        while received.count < end + length {
            guard try readMore() else { throw Failure.malformed("the body is cut short") }
        }
        let body = Array(received[end ..< end + length])
        received.removeFirst(end + length)
        return Reply(status: status, head: head, body: body)
    }

    /// Whether the server's stream ends, orderly, with nothing more in it.
    func endsNow() throws -> Bool {
        while try readMore() {}
        return received.isEmpty
    }

    private func headEnd() throws -> Int {
        var index = 0
        while true {
            while index + 4 <= received.count {
                if received[index ..< index + 4].elementsEqual("\r\n\r\n".utf8) { return index + 4 }
                index += 1
            }
            guard try readMore() else { throw Failure.malformed("no response") }
        }
    }

    /// Gives out what was received so far, waiting for some; nothing at the end of the stream.
    func take() throws -> [UInt8] {
        if received.isEmpty { _ = try readMore() }
        defer { received = [] }
        return received
    }

    /// Keeps what the kernel holds for this client small.
    func receiveLittle() throws { try socket.setBuffers(receiveBytes: 4_096) }

    /// False at the end of the stream.
    private func readMore() throws -> Bool {
        while !isEnded {
            var outcome = IOOutcome.closed
            try received.append(addingCapacity: 65_536) { output in outcome = try socket.read(into: &output) }
            switch outcome {
            case .bytes: return true
            case .wouldBlock: try wait()
            case .closed: isEnded = true
            }
        }
        return false
    }

    private func wait() throws {
        guard try epoll.wait(timeoutMilliseconds: 10_000) > 0 else {
            throw Failure.timedOut(received: String(decoding: received.prefix(200), as: UTF8.self))
        }
    }

    /// Makes the end of this client a reset.
    func reset() throws {
        try socket.resetOnClose()
    }
}
