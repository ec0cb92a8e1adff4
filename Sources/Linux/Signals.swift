internal import CLinux

/// The signals that the daemon knows (signal(7)).
package enum Signal: Int32, Sendable, CaseIterable {
    case hangup = 1
    case interrupt = 2
    case user1 = 10
    case user2 = 12
    case terminate = 15
    case child = 17
}

/// Signals as events. Call ``block(_:)`` in `main` before the first thread starts: threads inherit the mask, and a
/// signal that one thread does not block ends the process.
package enum Signals {
    /// Blocks the signals in this thread and all that it starts, so that only a ``SignalDescriptor`` sees them.
    package static func block(_ signals: [Signal]) throws(SystemError) {
        var set = mask(signals)
        try SystemCall.thread("pthread_sigmask", unsafe pthread_sigmask(SIG_BLOCK, &set, nil))
    }

    /// A write to a closed pipe or socket is an errno from now on, in the whole process.
    package static func ignoreBrokenPipe() { clinux_ignore_signal(SIGPIPE) }

    /// Sends a signal to this process (kill(2)).
    package static func raise(_ signal: Signal) throws(SystemError) {
        _ = try SystemCall.value("kill") { kill(getpid(), signal.rawValue) }
    }

    /// Sends a signal to the calling thread alone (pthread_kill(3)).
    package static func raiseInThisThread(_ signal: Signal) throws(SystemError) {
        try SystemCall.thread("pthread_kill", pthread_kill(pthread_self(), signal.rawValue))
    }

    static func mask(_ signals: [Signal]) -> sigset_t {
        var set = sigset_t()
        unsafe sigemptyset(&set)
        for signal in signals { unsafe sigaddset(&set, signal.rawValue) }
        return set
    }
}

/// Blocked signals as a readable descriptor (signalfd(2)).
package struct SignalDescriptor: ~Copyable, Sendable {
    private let descriptor: FileDescriptor

    /// `signals` must be blocked in every thread (``Signals/block(_:)``).
    package init(_ signals: [Signal]) throws(SystemError) {
        var set = Signals.mask(signals)
        descriptor = FileDescriptor(adopting: try SystemCall.value("signalfd") { unsafe clinux_signalfd(&set) })
    }

    /// For registering with an event loop.
    package var raw: Int32 { descriptor.raw }

    /// The next signal that has arrived, or nil: none waits.
    package func next() throws(SystemError) -> Signal? {
        let raw = raw
        var info = signalfd_siginfo()
        let size = MemoryLayout<signalfd_siginfo>.size
        let count = try SystemCall.nonBlocking("read signalfd") { unsafe CLinux.read(raw, &info, size) }
        guard count == size else { return nil }
        return Signal(rawValue: Int32(info.ssi_signo))
    }
}
