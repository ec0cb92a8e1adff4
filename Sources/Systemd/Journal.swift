internal import CSystemd

/// The journal of systemd as a place for structured log entries.
package enum Journal {
    /// How grave an entry is (syslog(3)).
    package enum Priority: UInt8, Sendable {
        case critical = 2
        case error = 3
        case warning = 4
        case notice = 5
        case info = 6
        case debug = 7
    }

    /// How many fields one entry may have here.
    package static let fieldsMax = 32

    /// Whether standard error leads to the journal (`$JOURNAL_STREAM`, systemd.exec(5)): the entries of this process
    /// may then as well be structured.
    package static var takesStandardError: Bool {
        guard let text = ServiceManager.environmentValue("JOURNAL_STREAM") else { return false }
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let device = UInt64(parts[0]), let inode = UInt64(parts[1]) else { return false }
        var status = stat()
        guard unsafe fstat(2, &status) == 0 else { return false }
        return UInt64(status.st_dev) == device && UInt64(status.st_ino) == inode
    }

    /// Sends one entry. `entry` holds all its fields, `NAME=value`, one after the other, each ending where `ends` says;
    /// values may hold any bytes, names are upper-case letters, digits and underscores (sd_journal_sendv(3)). More than
    /// ``fieldsMax`` fields are left out. A journal that is not there takes everything silently.
    package static func send(_ entry: Span<UInt8>, ends: Span<Int>) throws(SystemdError) {
        let count = min(ends.count, fieldsMax)
        guard count > 0, !entry.isEmpty else { return }
        let result = unsafe entry.withUnsafeBufferPointer { bytes in
            unsafe withUnsafeTemporaryAllocation(of: iovec.self, capacity: count) { fields in
                var start = 0
                for index in 0 ..< count {
                    let end = ends[index]
                    precondition(start <= end && end <= bytes.count, "fields lie one after the other")
                    let base = unsafe UnsafeMutablePointer(mutating: bytes.baseAddress.unsafelyUnwrapped + start)
                    unsafe fields.initializeElement(at: index, to: iovec(iov_base: base, iov_len: end - start))
                    start = end
                }
                return unsafe sd_journal_sendv(fields.baseAddress.unsafelyUnwrapped, Int32(count))
            }
        }
        guard result >= 0 else { throw SystemdError(call: "sd_journal_sendv", errno: -result) }
    }
}
