import HTTPClient
import Synchronization

/// Bytes that the server's thread has seen.
final class Received: Sendable {
    private let value = Mutex<[UInt8]>([])

    var bytes: [UInt8] { value.withLock { $0 } }

    func set(_ bytes: [UInt8]) { value.withLock { $0 = bytes } }
}

/// The failure of a result, or nil.
func failure(_ result: Result<HTTPResponse, HTTPFailure>) -> HTTPFailure? {
    guard case .failure(let failure) = result else { return nil }
    return failure
}
