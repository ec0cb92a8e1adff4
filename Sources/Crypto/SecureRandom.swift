internal import COpenSSL

/// Random bytes of libcrypto's generator, which is seeded by the kernel and safe on every thread.
package enum SecureRandom {
    /// `count` random bytes.
    package static func bytes(_ count: Int) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: count)
        unsafe output.withUnsafeMutableBytes { unsafe fill($0) }
        return output
    }

    /// Eight random bytes as a number.
    package static func uint64() -> UInt64 {
        var value: UInt64 = 0
        unsafe withUnsafeMutableBytes(of: &value) { unsafe fill($0) }
        return value
    }

    /// `count` random numbers of eight bytes, in one call: the generator's own work for each call is more than that
    /// for the bytes.
    package static func uint64s(_ count: Int) -> [UInt64] {
        var output = [UInt64](repeating: 0, count: count)
        unsafe output.withUnsafeMutableBytes { unsafe fill($0) }
        return output
    }

    private static func fill(_ buffer: UnsafeMutableRawBufferPointer) {
        guard let base = buffer.baseAddress, buffer.count > 0 else { return }
        let bytes = unsafe base.assumingMemoryBound(to: UInt8.self)
        Libcrypto.require(unsafe RAND_bytes_ex(nil, bytes, buffer.count, 0), "RAND_bytes_ex")
    }
}
