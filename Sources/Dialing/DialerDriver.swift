/// The loop that a dialer lives on.
package protocol DialerDriver: AnyObject {
    /// `descriptor` is a new socket's: what was known of that number is void.
    func opened(descriptor: Int32)

    /// Watches `descriptor`, or changes what it is watched for, level-triggered, until ``unwatch(descriptor:)`` or
    /// ``closing(descriptor:)``. The dialer wants ``Dialer/socketReady(descriptor:readable:writable:failed:)``.
    ///
    /// libcurl closes some of its sockets without a word (those that name lookups signal with), and the number may be
    /// another file's at once.
    func watch(descriptor: Int32, readable: Bool, writable: Bool)

    /// The dialer has nothing to expect of `descriptor` now. It may be closed already, and must be out of the poll set
    /// when this returns.
    func unwatch(descriptor: Int32)

    /// `descriptor` is about to be closed: it must be out of the poll set when this returns.
    func closing(descriptor: Int32)

    /// Sets the dialer's only timer anew (nil: cancels it). The dialer wants ``Dialer/timerFired()`` then, never from
    /// inside this call, for 0 as well.
    func setTimer(milliseconds: Int?)
}
