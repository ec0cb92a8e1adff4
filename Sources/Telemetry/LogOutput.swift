package import Linux
internal import Systemd

/// Where the log thread puts entries.
package enum LogOutput: ~Copyable, Sendable {
    /// Lines, each with its line feed, to a file, pipe or terminal.
    case lines(FileDescriptor)
    /// Entries to systemd's journal. The fields of an entry, `NAME=value`, are separated by a zero byte.
    case journal

    /// What ends an entry in the queue.
    static var terminator: UInt8 { 0x0A }

    /// Writes whole entries, each with its terminator; how many were lost.
    borrowing func write(_ entries: [UInt8]) -> UInt64 {
        switch self {
        case .lines(let descriptor):
            do {
                try descriptor.writeAllWaiting(entries.span)
                return 0
            } catch {
                // A full disk, a closed pipe: there is no other place to say so, but the count is reported later.
                return Self.count(entries.span)
            }
        case .journal: return Self.send(entries.span)
        }
    }

    private static func count(_ entries: Span<UInt8>) -> UInt64 {
        var count: UInt64 = 0
        for index in entries.indices where entries[index] == terminator { count += 1 }
        return count
    }

    private static func send(_ entries: Span<UInt8>) -> UInt64 {
        var lost: UInt64 = 0
        var start = 0
        var fields: [UInt8] = []
        var ends: [Int] = []
        for index in entries.indices {
            switch entries[index] {
            case 0: ends.append(fields.count)
            case terminator:
                ends.append(fields.count)
                do { try Journal.send(fields.span, ends: ends.span) } catch { lost += 1 }
                fields.removeAll(keepingCapacity: true)
                ends.removeAll(keepingCapacity: true)
                start = index + 1
            default: fields.append(entries[index])
            }
        }
        return start == entries.count ? lost : lost + 1
    }
}
