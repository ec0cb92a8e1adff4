internal import CLinux

/// The one gate that every system call of this module passes. It sorts errno into four:
///
/// - **retry**: EINTR, the call is made again at once;
/// - **value**: EAGAIN (and EINPROGRESS of a connect), "not now", is an answer and no error;
/// - **thrown**: what the world can cause, as a ``SystemError``;
/// - **must never happen**: EBADF and EFAULT mean that this process uses a descriptor that it closed or memory
///   that is not its own. Going on would write one client's bytes to another's connection: the process ends.
enum SystemCall {
    /// The result of a call that never answers "not now".
    @inline(__always)
    static func value<Result: FixedWidthInteger & SignedInteger>(
        _ call: @autoclosure () -> String, _ body: () -> Result
    ) throws(SystemError) -> Result {
        while true {
            let result = body()
            if result >= 0 { return result }
            let number = clinux_errno()
            if number == EINTR { continue }
            throw failure(call(), number)
        }
    }

    /// The result of a call on a non-blocking descriptor; nil is EAGAIN: not now.
    @inline(__always)
    static func nonBlocking<Result: FixedWidthInteger & SignedInteger>(
        _ call: @autoclosure () -> String, _ body: () -> Result
    ) throws(SystemError) -> Result? {
        while true {
            let result = body()
            if result >= 0 { return result }
            let number = clinux_errno()
            if number == EINTR { continue }
            if number == EAGAIN || number == EINPROGRESS { return nil }
            throw failure(call(), number)
        }
    }

    /// The pthread functions return their error instead of setting errno.
    static func thread(_ call: @autoclosure () -> String, _ result: Int32) throws(SystemError) {
        guard result != 0 else { return }
        throw failure(call(), result)
    }

    /// Close is apart: on Linux the descriptor is gone even when EINTR is reported (close(2)), so a second call could
    /// close what another thread has just opened.
    static func close(_ descriptor: Int32) throws(SystemError) {
        guard CLinux.close(descriptor) < 0 else { return }
        let number = clinux_errno()
        if number == EINTR { return }
        throw failure("close", number)
    }

    @inline(never)
    private static func failure(_ call: String, _ number: Int32) -> SystemError {
        precondition(number != EBADF && number != EFAULT, "\(call): errno \(number): a stale descriptor or pointer")
        return SystemError(call: call, errno: number)
    }
}
