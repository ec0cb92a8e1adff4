internal import CLinux

/// The one owner of an open descriptor. Closing it is `close()`, which can fail; `deinit` is the net.
package struct FileDescriptor: ~Copyable, Sendable {
    /// The kernel's number, valid while this value lives.
    package let raw: Int32

    /// Takes over a descriptor that somebody else opened: an inherited socket, one that a C library handed out.
    package init(adopting raw: Int32) {
        precondition(raw >= 0, "not a descriptor: \(raw)")
        self.raw = raw
    }

    deinit {
        // Nobody is left to tell; what must be known to have reached the disk is synchronised and closed by hand.
        try? SystemCall.close(raw)
    }

    /// Closes the descriptor. It is gone whether or not this throws: an error (EIO, ENOSPC, EDQUOT) means that earlier
    /// writes to a file were lost.
    package consuming func close() throws(SystemError) {
        let raw = raw
        discard self
        try SystemCall.close(raw)
    }

    /// Hands the number to a new owner outside of Swift, who closes it.
    package consuming func release() -> Int32 {
        let raw = raw
        discard self
        return raw
    }

    /// A second descriptor of the same open file (close-on-exec).
    package func duplicate() throws(SystemError) -> FileDescriptor {
        FileDescriptor(adopting: try SystemCall.value("dup") { clinux_duplicate(raw) })
    }

    /// Lets reads and writes wait (plain worker threads, tests), or not.
    package func setBlocking(_ blocks: Bool) throws(SystemError) {
        _ = try SystemCall.value("fcntl") { clinux_set_blocking(raw, blocks ? 1 : 0) }
    }

    /// Whether the descriptor is a terminal.
    package var isTerminal: Bool { isatty(raw) == 1 }
}

/// Whether standard error is a terminal: the log is then for a human.
package enum StandardStreams {
    package static var errorIsTerminal: Bool { isatty(STDERR_FILENO) == 1 }

    /// A descriptor of its own for standard error.
    package static func duplicateError() throws(SystemError) -> FileDescriptor {
        FileDescriptor(adopting: try SystemCall.value("dup stderr") { clinux_duplicate(STDERR_FILENO) })
    }
}
