/// What is the same for all requests of a client.
package struct HTTPClientConfiguration: Sendable {
    /// A PEM file of the authorities to trust instead of the system's.
    package var caBundlePath: String?
    /// Seconds after which an idle connection is closed: below the server's own idle limit, or requests meet a
    /// connection that is being closed.
    package var connectionIdleSecondsMax = 15
    /// Seconds after which a connection takes no further request, however busy it was: the server's name may mean other
    /// machines by then, and connections that are always in use would never hear of it.
    package var connectionLifeSecondsMax = 300
    /// Connections open at once, idle ones and those that are being made included.
    package var connectionsMax = 1_024
    /// Idle connections kept for later.
    package var idleConnectionsMax = 256
    /// Transfers at once; further ones fail at once. Those without a connection yet wait for one.
    package var transfersMax = 4_096
    /// Name lookups are remembered for this long.
    package var lookupCacheSeconds = 30
    /// The head of an answer may take this many bytes; all heads of one (interim ones, trailers) four times as many.
    package var responseFieldBytesMax = 16_384
    /// Bodies of this length or more ask first (`Expect: 100-continue`): an early 403 or 503 then costs no body.
    package var expectContinueBytesMin: Int64 = 1 << 20
    /// A server that says nothing to that for so long is sent the body (RFC 9110 § 10.1.1).
    package var expectContinueMilliseconds: Int64 = 1_000
    /// Seconds after which the file of authorities is read anew.
    package var authoritiesSecondsMax: Int64 = 3_600

    package init() {}
}
