import Foundation
import Glibc
import HTTPClient

/// A loop of poll(2) for one client, run until a condition holds.
final class PollDriver: HTTPClientDriver {
    struct Interest {
        var readable: Bool
        var writable: Bool
    }

    private(set) var interests: [Int32: Interest] = [:]
    private var deadline: Double?
    private(set) var turns = 0
    private var client: HTTPClient?

    static func now() -> Double { ProcessInfo.processInfo.systemUptime }

    func makeClient(_ configuration: HTTPClientConfiguration = HTTPClientConfiguration()) throws -> HTTPClient {
        let client = try HTTPClient(configuration: configuration, driver: self)
        self.client = client
        return client
    }

    func end() {
        client?.close()
        client = nil
    }

    var now: Int64 { Int64(Self.now() * 1000) }

    func watch(descriptor: Int32, readable: Bool, writable: Bool) {
        interests[descriptor] = Interest(readable: readable, writable: writable)
    }

    func unwatch(descriptor: Int32) { interests[descriptor] = nil }

    func closing(descriptor: Int32) { interests[descriptor] = nil }

    func setTimer(milliseconds: Int?) {
        deadline = milliseconds.map { Self.now() + Double($0) / 1000 }
    }

    /// Turns the loop until `condition` holds; false when it still does not after `seconds` (a net, not a measure).
    func run(seconds: Double = 20, until condition: () -> Bool) -> Bool {
        let end = Self.now() + seconds
        while !condition() {
            if Self.now() > end { return false }
            turn(waitMilliseconds: 20)
        }
        return true
    }

    /// Turns the loop until nothing happens any more for a while.
    func settle() {
        var calm = 0
        while calm < 5 { calm = turn(waitMilliseconds: 10) ? 0 : calm + 1 }
    }

    /// One turn; whether anything happened.
    @discardableResult
    func turn(waitMilliseconds: Int32) -> Bool {
        turns += 1
        guard let client else { return false }
        if let due = deadline, due <= Self.now() {
            deadline = nil
            client.timerFired()
            return true
        }
        var list = interests.map { descriptor, interest in
            pollfd(
                fd: descriptor, events: Int16((interest.readable ? POLLIN : 0) | (interest.writable ? POLLOUT : 0)),
                revents: 0)
        }
        let rest = deadline.map { Int32(max(1, ($0 - Self.now()) * 1000)) } ?? waitMilliseconds
        let count = unsafe poll(&list, nfds_t(list.count), min(waitMilliseconds, rest))
        guard count > 0 else { return false }
        for entry in list where entry.revents != 0 && interests[entry.fd] != nil {
            let events = Int32(entry.revents)
            client.socketReady(
                descriptor: entry.fd, readable: events & (POLLIN | POLLHUP) != 0, writable: events & POLLOUT != 0,
                failed: events & (POLLERR | POLLNVAL) != 0)
        }
        return true
    }
}
