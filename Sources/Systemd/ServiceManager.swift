internal import CSystemd

/// What the daemon tells systemd about itself (sd_notify(3)). Without systemd all of it does nothing.
package enum ServiceManager {
    /// Whether somebody listens: the unit is of `Type=notify`.
    package static var isListening: Bool { environmentValue("NOTIFY_SOCKET") != nil }

    /// Start-up is over, or a reload: connections are accepted.
    @discardableResult
    package static func ready(status: String) -> Bool { notify("READY=1\nSTATUS=\(oneLine(status))") }

    /// One line for `systemctl status`.
    @discardableResult
    package static func status(_ text: String) -> Bool { notify("STATUS=\(oneLine(text))") }

    /// Settings are being read again; ``ready(status:)`` ends it. `monotonicMicroseconds` is the present on
    /// CLOCK_MONOTONIC, which `Type=notify-reload` asks for.
    @discardableResult
    package static func reloading(monotonicMicroseconds: Int64) -> Bool {
        notify("RELOADING=1\nMONOTONIC_USEC=\(monotonicMicroseconds)")
    }

    /// The drain has begun.
    @discardableResult
    package static func stopping(status: String) -> Bool { notify("STOPPING=1\nSTATUS=\(oneLine(status))") }

    /// The daemon is alive; to be said at least every half of ``watchdogMilliseconds``.
    @discardableResult
    package static func watchdog() -> Bool { notify("WATCHDOG=1") }

    /// Start-up or drain needs so much longer from now on.
    @discardableResult
    package static func extendTimeout(microseconds: Int64) -> Bool { notify("EXTEND_TIMEOUT_USEC=\(microseconds)") }

    /// The process that carries on: the successor at a hand-over.
    @discardableResult
    package static func mainProcess(id: Int32) -> Bool { notify("MAINPID=\(id)") }

    /// The time after which systemd takes a silent daemon for dead (`WatchdogSec=`, sd_watchdog_enabled(3)), or nil: it
    /// does not watch.
    package static var watchdogMilliseconds: Int64? {
        var microseconds: UInt64 = 0
        guard unsafe sd_watchdog_enabled(0, &microseconds) > 0 else { return nil }
        return Int64(clamping: microseconds / 1_000)
    }

    /// Whether the message was sent; a manager that is not there or does not take it is no reason to stop serving.
    private static func notify(_ state: String) -> Bool { unsafe sd_notify(0, state) > 0 }

    /// A line break would begin another assignment.
    private static func oneLine(_ text: String) -> String {
        String(decoding: text.utf8.map { $0 < 0x20 ? 0x20 : $0 }, as: UTF8.self)
    }

    static func environmentValue(_ name: String) -> String? {
        guard let value = unsafe getenv(name) else { return nil }
        return unsafe String(cString: value)
    }
}
