/// The bounds of one turn of a loop: however much is ready, each kind of work gets its share before any gets a second.
package enum ReactorLimits {
    /// Reports taken from epoll in a turn. The kernel rotates its list, so none is passed over for long.
    package static let eventsPerTurnMax = 256
    /// Timers fired in a turn. The rest is fired in the next.
    package static let timersPerTurnMax = 512
    /// Messages handled in a turn from one mailbox.
    package static let messagesPerTurnMax = 512
    /// Rounds of deferred work at the end of a turn: what is deferred from deferred work, such as a client that goes on
    /// being read because the store took its bytes, need not wait for the kernel.
    package static let deferredRoundsPerTurnMax = 2
    /// The length of a tick: deadlines are of seconds, and a timer may be late by this, never early.
    package static let tickMilliseconds: Int64 = 10
}
