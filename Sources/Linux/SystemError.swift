internal import CLinux

/// A system call that failed: which one, and the kernel's errno.
package struct SystemError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The call as its manual page names it, with what it was asked for where that helps: `open /var/lib/sluice`.
    package let call: String
    package let errno: Int32

    package init(call: String, errno: Int32) {
        self.call = call
        self.errno = errno
    }

    /// `bind [::]:8080: Address already in use (EADDRINUSE)`.
    package var description: String { "\(call): \(explanation) (\(name))" }

    /// The kernel's own sentence: `Address already in use`.
    package var explanation: String {
        guard let text = unsafe strerrordesc_np(errno) else { return "error \(errno)" }
        return unsafe String(cString: text)
    }

    /// The symbolic name: `EADDRINUSE`.
    package var name: String {
        guard let text = unsafe strerrorname_np(errno) else { return "\(errno)" }
        return unsafe String(cString: text)
    }

    /// Somebody else holds the address (EADDRINUSE).
    package var isAddressInUse: Bool { errno == EADDRINUSE }
    /// This machine has no such address (EADDRNOTAVAIL) or no such family (EAFNOSUPPORT): IPv6 switched off.
    package var isAddressUnavailable: Bool { errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT }
    /// The path does not exist (ENOENT).
    package var isNoSuchFile: Bool { errno == ENOENT }
    /// The path exists already (EEXIST).
    package var isFileExists: Bool { errno == EEXIST }
    /// The rights do not suffice (EACCES, EPERM) or the file system is read-only (EROFS).
    package var isPermission: Bool { errno == EACCES || errno == EPERM || errno == EROFS }
    /// The disk or a quota is full (ENOSPC, EDQUOT).
    package var isNoSpace: Bool { errno == ENOSPC || errno == EDQUOT }
    /// The process (EMFILE) or the machine (ENFILE) has no descriptor left, or no memory for one (ENOBUFS, ENOMEM).
    package var isOutOfDescriptors: Bool {
        errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM
    }
    /// The peer or the network broke the connection: reset, broken pipe, timed out, unreachable.
    package var isConnectionLoss: Bool {
        switch errno {
        case ECONNRESET, EPIPE, ETIMEDOUT, ECONNABORTED, EHOSTUNREACH, ENETUNREACH, ENETDOWN, ENOTCONN: true
        default: false
        }
    }
    /// The file system or kernel cannot do this at all (EOPNOTSUPP, ENOSYS, EINVAL, EISDIR for `O_TMPFILE`).
    package var isUnsupported: Bool {
        errno == EOPNOTSUPP || errno == ENOSYS || errno == EINVAL || errno == EISDIR
    }
}
