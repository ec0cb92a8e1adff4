internal import CLinux

/// The two clocks. Deadlines count on the monotonic one, which no administrator can set back.
package enum Clock {
    /// Milliseconds since an arbitrary moment (CLOCK_MONOTONIC).
    package static func monotonicMilliseconds() -> Int64 { nanoseconds(CLOCK_MONOTONIC) / 1_000_000 }
    /// Microseconds since an arbitrary moment (CLOCK_MONOTONIC).
    package static func monotonicMicroseconds() -> Int64 { nanoseconds(CLOCK_MONOTONIC) / 1_000 }
    /// Milliseconds since 1970-01-01T00:00:00Z (CLOCK_REALTIME).
    package static func wallMilliseconds() -> Int64 { nanoseconds(CLOCK_REALTIME) / 1_000_000 }

    private static func nanoseconds(_ clock: clockid_t) -> Int64 {
        var time = timespec()
        let result = unsafe clock_gettime(clock, &time)
        precondition(result == 0, "clock_gettime")
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// A rest for the calling thread: for commands, never for a thread with an event loop.
package enum Pause {
    package static func milliseconds(_ milliseconds: Int32) { _ = poll(nil, 0, milliseconds) }
}
