internal import CLinux

/// The end of the process.
package enum Exit {
    /// Ends the process with 0 after printing `text`, if there is any.
    package static func done(_ text: String = "") -> Never {
        if !text.isEmpty { print(text) }
        exit(0)
    }

    /// Ends the process with 1: something that should have worked did not. One line each on standard error.
    package static func failed(_ lines: [String]) -> Never {
        report(lines)
        exit(1)
    }

    /// Ends the process with 2: the command line or the settings are wrong. One line each on standard error.
    package static func usage(_ lines: [String]) -> Never {
        report(lines)
        exit(2)
    }

    private static func report(_ lines: [String]) {
        for line in lines { StandardStreams.writeError(line + "\n") }
    }
}

extension StandardStreams {
    /// Opens those of the three standard descriptors that are closed on /dev/null, or a connection would get their
    /// number, and its client what is meant for the log. To be called before anything is opened.
    package static func ensureOpen() {
        while true {
            let descriptor = unsafe clinux_open("/dev/null", O_RDWR, 0)
            if descriptor > STDERR_FILENO { close(descriptor) }
            guard descriptor >= 0, descriptor <= STDERR_FILENO else { return }
            // Opened close-on-exec like everything else; the three are inherited.
            _ = clinux_set_inherited(descriptor)
        }
    }

    /// Writes out what `print` has gathered: without a terminal that would happen only at the end.
    package static func flushOutput() { fflush(nil) }

    /// Writes to standard error, past any logger; an error there has nowhere to go.
    package static func writeError(_ text: String) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let written = unsafe rest.withUnsafeBytes { unsafe write(STDERR_FILENO, $0.baseAddress, $0.count) }
            guard written > 0 else { return }
            rest = rest.dropFirst(written)
        }
    }
}
