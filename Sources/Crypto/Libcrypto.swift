internal import COpenSSL

/// What is done about a call into libcrypto that says no.
enum Libcrypto {
    /// Ends the process unless `result` is 1, the success of the calls of this target.
    @inline(__always)
    static func require(_ result: Int32, _ call: StaticString) {
        guard result == 1 else { fail(call) }
    }

    /// Ends the process with libcrypto's own reason.
    ///
    /// Hashing of memory fails only where an allocation failed or the library is damaged, and randomness only where
    /// the kernel gives none. Swift traps on the first itself, and going on without the others would mean signatures
    /// and identifiers that are worthless: no caller could do better than end.
    @inline(never)
    static func fail(_ call: StaticString) -> Never {
        var text = [CChar](repeating: 0, count: 256)
        let code = ERR_get_error()
        unsafe text.withUnsafeMutableBufferPointer { unsafe ERR_error_string_n(code, $0.baseAddress, $0.count) }
        let reason = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
        // Without hashes and random numbers every signature and identifier would be worthless: there is no going on.
        fatalError("libcrypto: \(call): \(String(decoding: reason, as: UTF8.self))")
    }
}
