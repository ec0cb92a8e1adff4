internal import CLinux

/// A counter that a thread can sleep on and any thread can raise (eventfd(2)).
package struct EventDescriptor: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    package init() throws(SystemError) {
        descriptor = FileDescriptor(adopting: try SystemCall.value("eventfd") { clinux_eventfd() })
    }

    /// For registering with an event loop.
    package var raw: Int32 { descriptor.raw }

    /// Makes the descriptor readable, and wakes whoever waits. Never blocks: a full counter is readable already.
    package func signal() {
        let raw = raw
        _ = try? SystemCall.nonBlocking("write eventfd") {
            var one: UInt64 = 1
            return unsafe CLinux.write(raw, &one, 8)
        }
    }

    /// Makes the descriptor unreadable again; whether it was readable.
    @discardableResult
    package func drain() -> Bool {
        let raw = raw
        let count = try? SystemCall.nonBlocking("read eventfd") {
            var value: UInt64 = 0
            return unsafe CLinux.read(raw, &value, 8)
        }
        return count == 8
    }

    /// Sleeps until it is signalled, at most so long (nil: without end), and drains it; whether it was signalled.
    @discardableResult
    package func wait(timeoutMilliseconds: Int32? = nil) -> Bool {
        while true {
            var entry = pollfd(fd: raw, events: Int16(POLLIN), revents: 0)
            let ready = unsafe poll(&entry, 1, timeoutMilliseconds ?? -1)
            if ready == 0 { return false }
            if ready > 0, drain() { return true }
        }
    }
}
