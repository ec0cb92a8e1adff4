internal import CLinux

/// One readiness report of the kernel: the token that was registered, and what is ready.
package struct EpollEvent: Sendable {
    package let token: UInt64
    package let flags: EpollFlags
}

/// `EPOLLIN` and its fellows (epoll_ctl(2)).
package struct EpollFlags: OptionSet, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Bytes, or a connection, can be read.
    package static let readable = EpollFlags(rawValue: 0x001)
    /// Bytes can be written.
    package static let writable = EpollFlags(rawValue: 0x004)
    /// An error waits to be read; always reported, never asked for.
    package static let error = EpollFlags(rawValue: 0x008)
    /// Both directions are shut, or the connection was reset; always reported, never asked for.
    package static let hangup = EpollFlags(rawValue: 0x010)
    /// The peer has shut its sending half.
    package static let peerClosed = EpollFlags(rawValue: 0x2000)
    /// Wake one of the threads that share the descriptor, not all; only legal when a descriptor is added.
    package static let exclusive = EpollFlags(rawValue: 1 << 28)
    /// Report once for each new arrival, not for as long as something is there.
    package static let edge = EpollFlags(rawValue: 1 << 31)
}

/// An epoll instance and room for one turn's reports (epoll(7)).
///
/// Safe: of the kernel's union only the 64-bit integer is ever written or read.
@safe package struct Epoll: ~Copyable {
    private let descriptor: FileDescriptor
    private var buffer: [epoll_event]

    /// `eventsPerWaitMax` bounds what one ``wait(timeoutMilliseconds:)`` reports.
    package init(eventsPerWaitMax: Int) throws(SystemError) {
        descriptor = FileDescriptor(
            adopting: try SystemCall.value("epoll_create1") { epoll_create1(clinux_epoll_cloexec) })
        unsafe buffer = Array(repeating: epoll_event(), count: eventsPerWaitMax)
    }

    /// Watches `raw` for `flags`; reports carry `token`.
    package func add(_ raw: Int32, flags: EpollFlags, token: UInt64) throws(SystemError) {
        _ = try SystemCall.value("epoll_ctl add") {
            clinux_epoll_control(descriptor.raw, EPOLL_CTL_ADD, raw, flags.rawValue, token)
        }
    }

    /// The same for descriptors that a library closes at will: one that is closed is an error like others.
    package func addIfOpen(_ raw: Int32, flags: EpollFlags, token: UInt64) throws(SystemError) {
        // Past the gate, to which EBADF is a defect of ours.
        guard clinux_epoll_control(descriptor.raw, EPOLL_CTL_ADD, raw, flags.rawValue, token) < 0 else { return }
        throw SystemError(call: "epoll_ctl add", errno: clinux_errno())
    }

    /// As ``addIfOpen(_:flags:token:)``.
    package func modifyIfOpen(_ raw: Int32, flags: EpollFlags, token: UInt64) throws(SystemError) {
        guard clinux_epoll_control(descriptor.raw, EPOLL_CTL_MOD, raw, flags.rawValue, token) < 0 else { return }
        throw SystemError(call: "epoll_ctl mod", errno: clinux_errno())
    }

    /// Replaces what `raw` is watched for. Not for descriptors added as `.exclusive`.
    package func modify(_ raw: Int32, flags: EpollFlags, token: UInt64) throws(SystemError) {
        _ = try SystemCall.value("epoll_ctl mod") {
            clinux_epoll_control(descriptor.raw, EPOLL_CTL_MOD, raw, flags.rawValue, token)
        }
    }

    /// Watches `raw` no longer.
    package func remove(_ raw: Int32) throws(SystemError) {
        _ = try SystemCall.value("epoll_ctl del") {
            clinux_epoll_control(descriptor.raw, EPOLL_CTL_DEL, raw, 0, 0)
        }
    }

    /// Watches `raw` no longer, if it is open and was watched: for descriptors that a library closes at will.
    package func removeIfKnown(_ raw: Int32) {
        // Past the gate, to which EBADF is a defect of ours.
        _ = clinux_epoll_control(descriptor.raw, EPOLL_CTL_DEL, raw, 0, 0)
    }

    /// Waits until something is ready, at most `timeoutMilliseconds` (negative: without end), and returns how many
    /// reports ``event(at:)`` has. A signal handler's interruption ends the wait with 0.
    package mutating func wait(timeoutMilliseconds: Int32) throws(SystemError) -> Int {
        let raw = descriptor.raw
        let room = unsafe Int32(buffer.count)
        let count = unsafe buffer.withUnsafeMutableBufferPointer { events in
            unsafe epoll_wait(raw, events.baseAddress, room, timeoutMilliseconds)
        }
        if count >= 0 { return Int(count) }
        // Not through the gate's retry: the timeout would start anew with each signal.
        if clinux_errno() == EINTR { return 0 }
        return Int(try SystemCall.value("epoll_wait") { count })
    }

    /// A report of the last wait.
    package func event(at index: Int) -> EpollEvent {
        let event = unsafe buffer[index]
        return unsafe EpollEvent(token: event.data.u64, flags: EpollFlags(rawValue: event.events))
    }
}
