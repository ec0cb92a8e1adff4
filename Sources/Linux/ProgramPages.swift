internal import Bytes
internal import CLinux

/// The pages of the program and its libraries that the kernel has mapped for this process.
package enum ProgramPages {
    /// Takes all code out of this process's memory. What runs on is mapped again from the page cache when it is next
    /// run, 64 KiB at a time; what the start alone has run, the loader, the libraries' own beginnings and the reading
    /// of settings, stays out. It is the larger half.
    ///
    /// - Returns: how many bytes of address space have code.
    @discardableResult
    package static func releaseCode() -> Int {
        guard let maps = try? Files.readWhole("/proc/self/maps", bytesMax: mapsBytesMax) else { return 0 }
        var bytes = 0
        for line in maps.split(separator: 0x0A) {
            guard let range = codeRange(line) else { continue }
            // "For file mappings, subsequent accesses will result in repopulating the memory contents from the
            // up-to-date contents of the underlying mapped file" (madvise(2)): nobody has written to these.
            let start = unsafe UnsafeMutableRawPointer(bitPattern: UInt(range.lowerBound))
            if unsafe madvise(start, range.count, MADV_DONTNEED) == 0 { bytes += range.count }
        }
        return bytes
    }

    /// Some hundred lines of a hundred bytes.
    private static let mapsBytesMax = 1 << 20

    /// The addresses of a line of proc_pid_maps(5) that stands for code of a file: `START-END r-xp OFFSET DEVICE INODE
    /// PATH`. Mappings that can be written, or were before they were protected, are something else.
    static func codeRange(_ line: ArraySlice<UInt8>) -> Range<UInt64>? {
        let words = line.split(separator: 0x20, maxSplits: 5)
        guard words.count >= 5, words[1].elementsEqual("r-xp".utf8), !words[4].elementsEqual("0".utf8)
        else { return nil }
        let addresses = words[0].split(separator: 0x2D)
        guard addresses.count == 2, let start = number(addresses[0]), let end = number(addresses[1]), start < end
        else { return nil }
        return start ..< end
    }

    private static func number(_ digits: ArraySlice<UInt8>) -> UInt64? {
        let span = digits.span
        return Hex.parse(span)
    }
}
