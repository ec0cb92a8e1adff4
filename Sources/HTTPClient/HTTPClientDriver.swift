/// The loop that a client lives on.
///
/// The sockets with which connections are being made are libcurl's: it closes some of them without a word (those that
/// name lookups signal with, those of connections that come to nothing), and the number may be somebody else's at once.
package protocol HTTPClientDriver: AnyObject {
    /// Milliseconds of a clock that never goes back.
    var now: Int64 { get }

    /// `descriptor` is a new socket's: what was known of that number is void.
    func opened(descriptor: Int32)

    /// `descriptor` is a connection's of the client itself: from now on ``closing(descriptor:)`` comes before it is
    /// closed.
    func adopted(descriptor: Int32)

    /// Watches `descriptor`, or changes what it is watched for, level-triggered, until ``unwatch(descriptor:)`` or
    /// ``closing(descriptor:)``. The client wants ``HTTPClient/socketReady(descriptor:readable:writable:failed:)``.
    func watch(descriptor: Int32, readable: Bool, writable: Bool)

    /// The client has nothing to expect of `descriptor` now; it may be watched again. It may be closed already, and
    /// must be out of the poll set when this returns.
    func unwatch(descriptor: Int32)

    /// `descriptor` is about to be closed: it must be out of the poll set when this returns.
    func closing(descriptor: Int32)

    /// Sets the client's only timer anew (nil: cancels it). The client wants ``HTTPClient/timerFired()`` then, never
    /// from inside this call, for 0 as well.
    func setTimer(milliseconds: Int?)

    /// The client is closed: it must not be called any more.
    func closed()
}

extension HTTPClientDriver {
    /// For drivers that know a descriptor only while it is watched.
    package func opened(descriptor: Int32) {}

    /// For drivers that trust every descriptor while it is watched.
    package func adopted(descriptor: Int32) {}

    /// For drivers whose client is theirs, or that see that it is gone.
    package func closed() {}
}
