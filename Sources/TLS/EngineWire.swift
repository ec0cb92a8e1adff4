internal import COpenSSL

/// What lies under one engine's `SSL` instead of a socket: the ciphertext of the present call, and room for the answer.
///
/// libssl reads a record's head and then its body, copying each into a buffer of its own that SSL_MODE_RELEASE_BUFFERS
/// frees; there is nothing here to be kept between two calls. `BIO_s_mem` would keep what it once grew to.
@unsafe struct EngineWire {
    /// Valid during a call of ``TLSEngine``, nil between calls.
    var input: UnsafePointer<UInt8>?
    var inputBytes = 0
    /// The caller's, swapped in for the time of a call.
    var output: [UInt8] = []
    /// The first byte that ever came.
    var firstByte: UInt8?

    /// The kind of BIO that reads and writes one of these: made once in the life of the process.
    static let method = BIOMethod()
}

/// Invariant: the pointer is a method of its own that is never freed and never changes after `init`.
@safe struct BIOMethod: @unchecked Sendable {  // All threads may read what nobody writes to after `init`.
    let pointer: OpaquePointer?

    init() {
        let kind = BIO_get_new_index() | BIO_TYPE_SOURCE_SINK
        let made = unsafe BIO_meth_new(kind, "span")
        unsafe BIO_meth_set_read_ex(made, readWire)
        unsafe BIO_meth_set_write_ex(made, writeWire)
        unsafe BIO_meth_set_ctrl(made, controlWire)
        unsafe pointer = made
    }
}

private func wire(of bio: OpaquePointer?) -> UnsafeMutablePointer<EngineWire>? {
    unsafe BIO_get_data(bio)?.assumingMemoryBound(to: EngineWire.self)
}

/// https://docs.openssl.org/3.0/man3/BIO_meth_new/ (BIO_meth_set_read_ex)
private func readWire(
    _ bio: OpaquePointer?, _ target: UnsafeMutablePointer<CChar>?, _ bytesMax: Int, _ bytes: UnsafeMutablePointer<Int>?
) -> Int32 {
    unsafe sluice_bio_retry_clear(bio)
    guard let wire = unsafe wire(of: bio), let target = unsafe target, let bytes = unsafe bytes else { return 0 }
    guard let input = unsafe wire.pointee.input, unsafe wire.pointee.inputBytes > 0 else {
        // Not the end, only nothing more for now.
        unsafe sluice_bio_retry_read(bio)
        return 0
    }
    let count = unsafe min(bytesMax, wire.pointee.inputBytes)
    unsafe UnsafeMutableRawPointer(target).copyMemory(from: input, byteCount: count)
    unsafe wire.pointee.input = input + count
    unsafe wire.pointee.inputBytes -= count
    unsafe bytes.pointee = count
    return 1
}

private func writeWire(
    _ bio: OpaquePointer?, _ source: UnsafePointer<CChar>?, _ count: Int, _ bytes: UnsafeMutablePointer<Int>?
) -> Int32 {
    unsafe sluice_bio_retry_clear(bio)
    guard let wire = unsafe wire(of: bio), let source = unsafe source, let bytes = unsafe bytes else { return 0 }
    unsafe wire.pointee.output.append(contentsOf: UnsafeRawBufferPointer(start: source, count: count))
    unsafe bytes.pointee = count
    return 1
}

/// Only the flush at the end of a flight is of any meaning here, and it has nothing to do.
private func controlWire(
    _ bio: OpaquePointer?, _ command: Int32, _ number: Int, _ argument: UnsafeMutableRawPointer?
) -> Int {
    command == BIO_CTRL_FLUSH ? 1 : 0
}
