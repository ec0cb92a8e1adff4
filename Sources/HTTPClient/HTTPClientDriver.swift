/// The loop that a client lives on.
package protocol HTTPClientDriver: AnyObject {
    /// `descriptor` is a new connection's: what was known of that number is void.
    func opened(descriptor: Int32)

    /// Watches `descriptor`, or changes what it is watched for, level-triggered, until ``unwatch(descriptor:)`` or
    /// ``closing(descriptor:)``. The client wants ``HTTPClient/socketReady(descriptor:readable:writable:failed:)``.
    func watch(descriptor: Int32, readable: Bool, writable: Bool)

    /// The client has nothing to expect of `descriptor` now; it may be watched again. Until it is known to be
    /// ``established(descriptor:)`` it may be closed already, and must be out of the poll set when this returns.
    func unwatch(descriptor: Int32)

    /// A request was answered on `descriptor`: from now on ``closing(descriptor:)`` comes before it is closed, so a
    /// driver may go on watching it for reading while it is idle, and then tells
    /// ``HTTPClient/idleConnectionReady(descriptor:)``. (The sockets that libcurl's name lookups signal with are
    /// watched and closed without it.)
    func established(descriptor: Int32)

    /// `descriptor` is about to be closed: it must be out of the poll set when this returns.
    func closing(descriptor: Int32)

    /// Sets the client's only timer anew (nil: cancels it). The client wants ``HTTPClient/timerFired()`` then, never
    /// from inside this call, for 0 as well.
    func setTimer(milliseconds: Int?)
}

extension HTTPClientDriver {
    /// For drivers that know a descriptor only while it is watched.
    package func opened(descriptor: Int32) {}

    /// For drivers that watch nothing while it is idle.
    package func established(descriptor: Int32) {}
}
