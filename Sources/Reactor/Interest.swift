package import Linux

/// What a descriptor is watched for.
package struct Interest: OptionSet, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Report when bytes (or connections) can be read.
    package static let read = Interest(rawValue: EpollFlags.readable.rawValue)
    /// Report when bytes can be written.
    package static let write = Interest(rawValue: EpollFlags.writable.rawValue)
    /// Report when the peer has shut its sending half, even while nothing is read.
    package static let peerClosed = Interest(rawValue: EpollFlags.peerClosed.rawValue)
    /// The descriptor is shared with other loops: wake one of them.
    package static let exclusive = Interest(rawValue: EpollFlags.exclusive.rawValue)
    /// Report each arrival once instead of for as long as something is there.
    package static let edge = Interest(rawValue: EpollFlags.edge.rawValue)

    var flags: EpollFlags { EpollFlags(rawValue: rawValue) }
}

/// What the kernel reports of a descriptor.
package struct ReadyEvents: Sendable {
    package let flags: EpollFlags

    package init(flags: EpollFlags) { self.flags = flags }

    /// Bytes, connections, or the end of the stream can be read.
    package var readable: Bool { flags.contains(.readable) }
    package var writable: Bool { flags.contains(.writable) }
    /// Both directions are shut or the connection was reset. Comes whatever the interest, turn after turn: deregister.
    package var hangup: Bool { flags.contains(.hangup) }
    /// An error waits on the descriptor. Comes whatever the interest.
    package var error: Bool { flags.contains(.error) }
    /// The peer has shut its sending half; only with the interest ``Interest/peerClosed``.
    package var peerClosed: Bool { flags.contains(.peerClosed) }
}

/// The owner of a descriptor, called when the loop finds it ready.
package protocol EventHandler: AnyObject {
    func ready(_ events: ReadyEvents)
}

/// Called once when its time has come.
package protocol TimerHandler: AnyObject {
    func timerFired(_ timer: TimerID)
}

/// A descriptor that a loop watches: its place in the loop's table and the generation of that place, so that a report
/// that was under way when the descriptor was closed reaches nobody.
package struct Registration: Hashable, Sendable {
    let slot: UInt32
    let generation: UInt32

    /// A registration that no loop knows.
    package static let none = Registration(slot: .max, generation: 0)

    /// What epoll gives back with each report.
    package var token: UInt64 { UInt64(generation) << 32 | UInt64(slot) }
}
