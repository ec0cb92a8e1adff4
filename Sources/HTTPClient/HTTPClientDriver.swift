/// The loop that a client lives on.
package protocol HTTPClientDriver: AnyObject {
    /// Watches `descriptor`, or changes what it is watched for, level-triggered, until ``unwatch(descriptor:)`` or
    /// ``closing(descriptor:)``. The client wants ``HTTPClient/socketReady(descriptor:readable:writable:failed:)``.
    func watch(descriptor: Int32, readable: Bool, writable: Bool)

    /// The client has nothing to expect of `descriptor` now. It stays open, and may be watched again. A driver that
    /// goes on watching it for reading tells ``HTTPClient/idleConnectionReady(descriptor:)``.
    func unwatch(descriptor: Int32)

    /// `descriptor` is about to be closed: it must be out of the poll set when this returns.
    func closing(descriptor: Int32)

    /// Sets the client's only timer anew (nil: cancels it). The client wants ``HTTPClient/timerFired()`` then, never
    /// from inside this call, for 0 as well.
    func setTimer(milliseconds: Int?)
}
