import Glibc
import HTTPClient
import Synchronization

/// Bytes that the server's thread has seen.
final class Received: Sendable {
    private let value = Mutex<[UInt8]>([])

    var bytes: [UInt8] { value.withLock { $0 } }

    func set(_ bytes: [UInt8]) { value.withLock { $0 = bytes } }
}

/// What the server's threads have noted, in that order.
final class Notes<Note: Sendable>: Sendable {
    private let value = Mutex<[Note]>([])

    var all: [Note] { value.withLock { $0 } }
    var count: Int { all.count }

    func add(_ note: Note) { value.withLock { $0.append(note) } }
}

/// The failure of a result, or nil.
func failure(_ result: Result<HTTPResponse, HTTPFailure>) -> HTTPFailure? {
    guard case .failure(let failure) = result else { return nil }
    return failure
}

/// Whether bytes, or an end, lie there for the client, or come in time.
func isReadable(_ descriptor: Int32, milliseconds: Int32) -> Bool {
    var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    return unsafe poll(&waiting, 1, milliseconds) == 1
}

extension HTTPClientConfiguration {
    /// No connection ends because it was idle, as far as a test lasts.
    static var idle: HTTPClientConfiguration {
        var configuration = HTTPClientConfiguration()
        configuration.connectionIdleSecondsMax = 1_000
        return configuration
    }
}
