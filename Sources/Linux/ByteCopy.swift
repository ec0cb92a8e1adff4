internal import CLinux

extension [UInt8] {
    /// Appends a copy of the bytes of `span`, made by the C library (memcpy(3)): for the thousands of bytes of a body.
    /// It has wider registers for that than code that runs on every x86-64 may be built with.
    package mutating func append(copying span: Span<UInt8>) {
        guard !span.isEmpty else { return }
        append(addingCapacity: span.count) { output in
            unsafe output.withUnsafeMutableBufferPointer { room, initialized in
                unsafe span.withUnsafeBufferPointer { bytes in
                    // A base address is there: neither is empty, and the room holds as many bytes as were asked for.
                    guard let source = bytes.baseAddress, let target = room.baseAddress else { return }
                    unsafe memcpy(target + initialized, source, bytes.count)
                    initialized += bytes.count
                }
            }
        }
    }
}
