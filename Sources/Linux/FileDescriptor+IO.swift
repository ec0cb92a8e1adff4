internal import CLinux

/// What became of one read or write.
package enum IOOutcome: Equatable, Sendable {
    /// So many bytes were moved, at least one.
    case bytes(Int)
    /// Nothing can be moved now; readiness will be reported.
    case wouldBlock
    /// Read: the end of the stream, the peer sends no more. Write: the peer takes no more (EPIPE).
    case closed
}

extension FileDescriptor {
    /// Reads once (read(2)) into the free capacity of `output`, which must not be full.
    ///
    /// A connection that was reset is a ``SystemError`` with ``SystemError/isConnectionLoss``, not `.closed`.
    package func read(into output: inout OutputSpan<UInt8>) throws(SystemError) -> IOOutcome {
        precondition(!output.isFull, "read into a full buffer")
        let raw = raw
        let count = try unsafe output.withUnsafeMutableBufferPointer { buffer, initialized throws(SystemError) in
            let count = try SystemCall.nonBlocking("read") {
                unsafe CLinux.read(raw, buffer.baseAddress.unsafelyUnwrapped + initialized, buffer.count - initialized)
            }
            initialized += count ?? 0
            return count
        }
        guard let count else { return .wouldBlock }
        return count == 0 ? .closed : .bytes(count)
    }

    /// Whether a non-blocking socket has neither bytes nor an end nor an error to tell now; bytes and end stay to be
    /// read (recv(2), MSG_PEEK).
    package var isSilent: Bool {
        var byte: UInt8 = 0
        let raw = raw
        do throws(SystemError) {
            return try SystemCall.nonBlocking("recv") { unsafe CLinux.recv(raw, &byte, 1, Int32(MSG_PEEK)) } == nil
        } catch {
            return false
        }
    }

    /// Writes once (write(2)) from the start of `bytes`, which must not be empty. For files, pipes and terminals;
    /// sockets are written by ``send(_:)``, which never raises SIGPIPE.
    package func write(_ bytes: Span<UInt8>) throws(SystemError) -> IOOutcome {
        precondition(!bytes.isEmpty, "write of nothing")
        let raw = raw
        return try outcomeOfWrite { () throws(SystemError) in
            try unsafe bytes.withUnsafeBufferPointer { buffer throws(SystemError) in
                try SystemCall.nonBlocking("write") { unsafe CLinux.write(raw, buffer.baseAddress, buffer.count) }
            }
        }
    }

    /// Writes all of `bytes` to a blocking descriptor; `.closed` and `.wouldBlock` are thrown as EPIPE and EAGAIN.
    package func writeAll(_ bytes: Span<UInt8>) throws(SystemError) {
        var rest = bytes
        while !rest.isEmpty {
            switch try write(rest) {
            case .bytes(let count): rest = rest.extracting(droppingFirst: count)
            case .wouldBlock: throw SystemError(call: "write", errno: EAGAIN)
            case .closed: throw SystemError(call: "write", errno: EPIPE)
            }
        }
    }

    /// Writes all of `bytes`, waiting where a non-blocking descriptor is full: standard error may be a pipe that
    /// somebody else made non-blocking.
    package func writeAllWaiting(_ bytes: Span<UInt8>) throws(SystemError) {
        var rest = bytes
        while !rest.isEmpty {
            switch try write(rest) {
            case .bytes(let count): rest = rest.extracting(droppingFirst: count)
            case .closed: throw SystemError(call: "write", errno: EPIPE)
            case .wouldBlock:
                var entry = pollfd(fd: raw, events: Int16(POLLOUT), revents: 0)
                _ = try SystemCall.value("poll") { unsafe poll(&entry, 1, -1) }
            }
        }
    }

    /// Sends once on a socket (send(2)) from the start of `bytes`, which must not be empty.
    ///
    /// With `more`, the end of the stream or further bytes follow at once: the kernel holds back a packet that is not
    /// full, so that both leave in one (MSG_MORE, tcp(7): for 200 ms at most).
    package func send(_ bytes: Span<UInt8>, more: Bool = false) throws(SystemError) -> IOOutcome {
        precondition(!bytes.isEmpty, "send of nothing")
        let raw = raw
        return try outcomeOfWrite { () throws(SystemError) in
            try unsafe bytes.withUnsafeBufferPointer { buffer throws(SystemError) in
                try SystemCall.nonBlocking("send") {
                    unsafe clinux_send(raw, buffer.baseAddress, buffer.count, more ? 1 : 0)
                }
            }
        }
    }

    /// Sends `first` and then `second` in one call (sendmsg(2)); not both may be empty. The count covers both.
    package func send(_ first: Span<UInt8>, _ second: Span<UInt8>) throws(SystemError) -> IOOutcome {
        precondition(!first.isEmpty || !second.isEmpty, "send of nothing")
        let raw = raw
        return try outcomeOfWrite { () throws(SystemError) in
            try unsafe first.withUnsafeBufferPointer { head throws(SystemError) in
                try unsafe second.withUnsafeBufferPointer { tail throws(SystemError) in
                    try SystemCall.nonBlocking("sendmsg") {
                        unsafe clinux_send2(raw, head.baseAddress, head.count, tail.baseAddress, tail.count)
                    }
                }
            }
        }
    }

    @inline(__always)
    private func outcomeOfWrite(_ body: () throws(SystemError) -> Int?) throws(SystemError) -> IOOutcome {
        do {
            guard let count = try body() else { return .wouldBlock }
            return .bytes(count)
        } catch {
            if error.errno == EPIPE { return .closed }
            throw error
        }
    }
}
