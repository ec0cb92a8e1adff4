internal import Bytes
internal import CLinux

/// Regular files. All of it may wait for a disk.
extension FileDescriptor {
    /// Reads once from `offset` (pread(2)) into the free capacity of `output`, which must not be full; the count, 0 at
    /// the end of the file.
    package func read(into output: inout OutputSpan<UInt8>, at offset: Int64) throws(SystemError) -> Int {
        precondition(!output.isFull, "read into a full buffer")
        let raw = raw
        return try unsafe output.withUnsafeMutableBufferPointer { buffer, initialized throws(SystemError) in
            let count = try SystemCall.value("pread") {
                unsafe pread(
                    raw, buffer.baseAddress.unsafelyUnwrapped + initialized, buffer.count - initialized, Int(offset))
            }
            initialized += count
            return count
        }
    }

    /// Writes all of `bytes` from `offset` on (pwrite(2)). After an error an unknown part of it is written.
    package func writeAll(_ bytes: Span<UInt8>, at offset: Int64) throws(SystemError) {
        let raw = raw
        try unsafe bytes.withUnsafeBufferPointer { buffer throws(SystemError) in
            var done = 0
            while done < buffer.count {
                let count = try SystemCall.value("pwrite") {
                    unsafe pwrite(
                        raw, buffer.baseAddress.unsafelyUnwrapped + done, buffer.count - done, Int(offset) + done)
                }
                if count == 0 { throw SystemError(call: "pwrite", errno: ENOSPC) }
                done += count
            }
        }
    }

    /// What is left from the current position to the end, or EFBIG when that is more than `bytesMax`.
    package func readToEnd(bytesMax: Int, name: String = "file") throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            var outcome = IOOutcome.closed
            do {
                try bytes.append(addingCapacity: 16_384) { output in outcome = try read(into: &output) }
            } catch let error as SystemError {
                throw SystemError(call: "\(error.call) \(name)", errno: error.errno)
            } catch {
                // append rethrows what the closure throws, untyped in this toolchain.
                throw SystemError(call: "read \(name)", errno: EIO)
            }
            guard bytes.count <= bytesMax else { throw SystemError(call: "read \(name)", errno: EFBIG) }
            switch outcome {
            case .bytes: continue
            case .closed: return bytes
            case .wouldBlock: throw SystemError(call: "read \(name)", errno: EAGAIN)
            }
        }
    }

    /// Waits until data and size are on the disk (fsync(2)). After an error the pages are lost: do not repeat it as if
    /// it could succeed.
    package func synchronise() throws(SystemError) {
        _ = try SystemCall.value("fsync") { fsync(raw) }
    }

    /// Writes every byte over itself and waits until all are on the disk: for a file whose last fsync failed. The
    /// kernel holds the pages that it lost for written, so that another fsync alone would not write them.
    /// https://www.kernel.org/doc/html/latest/filesystems/vfs.html#handling-errors-during-writeback
    package func rewriteAndSynchronise() throws(SystemError) {
        let raw = raw
        let buffer = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 65_536)
        unsafe buffer.initialize(repeating: 0)
        defer { unsafe buffer.deallocate() }
        var offset: Int64 = 0
        while true {
            let count = try SystemCall.value("pread") {
                unsafe pread(raw, buffer.baseAddress, buffer.count, Int(offset))
            }
            if count == 0 { break }
            try writeAll(unsafe buffer.span.extracting(0 ..< count), at: offset)
            offset += Int64(count)
        }
        try synchronise()
    }

    /// Cuts or extends the file (ftruncate(2)).
    package func truncate(toBytes bytes: Int64) throws(SystemError) {
        _ = try SystemCall.value("ftruncate") { ftruncate(raw, Int(bytes)) }
    }

    package func facts() throws(SystemError) -> FileFacts {
        var status = stat()
        let raw = raw
        _ = try SystemCall.value("fstat") { unsafe fstat(raw, &status) }
        return FileFacts(status)
    }

    /// Gives an unnamed file (O_TMPFILE) the name `path`, which must be free (linkat(2), by way of /proc).
    package func link(as path: String) throws(SystemError) {
        let source = "/proc/self/fd/\(raw)"
        _ = try SystemCall.value("linkat \(path)") {
            unsafe linkat(AT_FDCWD, source, AT_FDCWD, path, AT_SYMLINK_FOLLOW)
        }
    }
}
