/// The bounds of a connection, with their reasons. Times are in milliseconds.
package struct ServingLimits: Equatable, Sendable {
    /// From accepting to the end of TLS's handshake: two or three round trips and a signature.
    package var handshakeMilliseconds: Int64 = 10_000
    /// Handshakes under way on one worker, at about 50 KiB each. A flood of them pushes out the oldest, which are those
    /// that do not go on; three round trips of 300 ms leave room for a thousand new clients in a second.
    package var handshakesMax = 1_024
    /// What TLS itself may have to say (keys changed, renegotiation refused) to a client that does not read.
    package var unaskedBytesMax = 65_536
    /// From a head's first byte (the first head: from accepting, or the end of the handshake) to its end. Ten seconds
    /// carry 10 KB over any line.
    package var headMilliseconds: Int64 = 10_000
    /// Between two pieces of a body: S3 cuts an upload that is idle for about 20 s.
    package var bodyIdleMilliseconds: Int64 = 15_000
    /// The slowest body, counted over the time in which the client was allowed to send; 0: as slow as it likes.
    package var bodyBytesPerSecondMin: Int64 = 1_024
    /// The time that a body may take before its rate counts.
    package var bodyGraceMilliseconds: Int64 = 10_000
    /// A whole request, from its head to its response.
    package var requestMilliseconds: Int64 = 60_000
    /// Between two requests. Longer than a browser's 60 s pool check would only hold descriptors.
    package var keepAliveMilliseconds: Int64 = 60_000
    /// Without the client taking a byte of its response: TCP has sent a lost packet again four times by then.
    package var writeIdleMilliseconds: Int64 = 30_000
    /// What is read and dropped after an early answer, so that the client comes to read it: the upload cap and 2 MiB.
    package var drainBytesMax: UInt64 = 7 << 20
    /// How long that may take in all, and without a byte. A phone at 1 Mbit/s needs 59 s for 7 MiB, and many clients
    /// read nothing before they have sent everything.
    package var drainMilliseconds: Int64 = 60_000
    /// The bytes that are dropped pay for that time: so much is free, the rest is at this rate. Without it a connection
    /// that was answered long ago could be held for a minute by a byte a second.
    package var drainGraceMilliseconds: Int64 = 10_000
    package var drainBytesPerSecondMin: Int64 = 16_384
    package var drainIdleMilliseconds: Int64 = 1_500
    /// One read while a head is expected: a 10 KB upload comes in one. What is behind the request waits in memory, so
    /// this also bounds pipelining; everything else stays in the kernel.
    package var headReadBytes = 16_384
    /// One read of a body.
    package var bodyReadBytes = 65_536
    /// Reads from one connection before the others of the worker get their turn.
    package var readsPerTurnMax = 4
    /// Connections accepted in one go: a burst is spread over the workers.
    package var acceptsPerTurnMax = 16
    /// Connections of one worker. Past it they wait in the kernel's queue.
    package var connectionsMax = 16_384
    /// With the worker full, connections that have said nothing for so long make room for newcomers, the oldest first:
    /// silent ones must not lock out those who want something. Less would hit clients that are just about to speak.
    package var idleMillisecondsMin: Int64 = 1_000
    /// How long accepting rests when the worker is full, when descriptors have run out, or when the other workers are
    /// to catch up.
    package var acceptPauseMilliseconds: Int64 = 100

    package init() {}
}
