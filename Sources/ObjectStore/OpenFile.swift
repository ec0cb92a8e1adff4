internal import Bytes
package import Linux

/// An open file that goes between a worker and the files thread. Every operation may wait for a disk, so only the
/// files thread calls them; closing too, which is why the worker hands its last reference over in a job.
package final class OpenFile: Sendable {
    private let descriptor: FileDescriptor

    package init(_ descriptor: consuming FileDescriptor) { self.descriptor = descriptor }

    package func write(_ bytes: [UInt8], at offset: Int64) throws(SystemError) {
        try descriptor.writeAll(bytes.span, at: offset)
    }

    /// Exactly `count` bytes, fewer only where the file ends.
    package func read(_ count: Int, at offset: Int64) throws(SystemError) -> [UInt8] {
        var failure: SystemError?
        var bytes: [UInt8] = []
        bytes.append(addingCapacity: count) { output in
            do throws(SystemError) {
                while !output.isFull, output.count < count {
                    if try descriptor.read(into: &output, at: offset + Int64(output.count)) == 0 { return }
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
        return bytes
    }

    package func truncate() throws(SystemError) { try descriptor.truncate(toBytes: 0) }

    package func synchronise() throws(SystemError) { try descriptor.synchronise() }
}
