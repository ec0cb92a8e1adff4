internal import Bytes
internal import COpenSSL

/// One connection's TLS, over memory alone: the peer's bytes go in, plaintext and bytes for the peer come out. It knows
/// no socket and no clock, and any cut of the peer's bytes gives the same results: where libssl wants to read, or to
/// write, the call simply ends and the rest comes with the next.
///
/// Invariant: `ssl` is an object of its own with one BIO that reads and writes `wire`, an allocation of its own; both
/// are freed in `deinit`, the `SSL` first, and the context that its callbacks lean on is kept until after that. `wire`
/// points to a caller's bytes only during a call.
@safe package struct TLSEngine: ~Copyable {
    let ssl: OpaquePointer
    private let wire: UnsafeMutablePointer<EngineWire>
    private let context: TLSContext

    /// What one record carries at most (RFC 8446 § 5.1).
    private static let recordBytesMax = 16_384
    /// What a record costs beside its contents: head, tag, content type, in TLS 1.2 an explicit nonce.
    private static let recordOverheadBytes = 32

    /// At the beginning of a handshake; nil: there is no memory for it.
    package init?(_ context: TLSContext) {
        Libssl.clearErrors()
        guard let ssl = unsafe SSL_new(context.pointer) else { return nil }
        guard let bio = unsafe BIO_new(EngineWire.method.pointer) else {
            unsafe SSL_free(ssl)
            return nil
        }
        unsafe wire = .allocate(capacity: 1)
        unsafe wire.initialize(to: EngineWire())
        unsafe BIO_set_data(bio, wire)
        unsafe BIO_set_init(bio, 1)
        // "If the rbio and wbio parameters are the same then … one reference is consumed",
        // https://docs.openssl.org/3.0/man3/SSL_set_bio/
        unsafe SSL_set_bio(ssl, bio, bio)
        if context.isServer { unsafe SSL_set_accept_state(ssl) } else { unsafe SSL_set_connect_state(ssl) }
        unsafe self.ssl = ssl
        self.context = context
    }

    deinit {
        unsafe SSL_free(ssl)
        unsafe wire.deinitialize(count: 1)
        unsafe wire.deallocate()
    }

    package var isEstablished: Bool { unsafe SSL_is_init_finished(ssl) == 1 }

    /// Takes in the peer's bytes, all of them. What they say is appended to `plaintext`, what is to go to the peer (the
    /// handshake, alerts, tickets, new keys) to `output`, also when it fails.
    ///
    /// After ``TLSProgress/closedByPeer`` or a failure, the rest of the bytes is of no meaning and dropped.
    package func receive(
        _ ciphertext: Span<UInt8>, plaintext: inout [UInt8], output: inout [UInt8]
    ) -> TLSProgress {
        if !ciphertext.isEmpty, unsafe wire.pointee.firstByte == nil { unsafe wire.pointee.firstByte = ciphertext[0] }
        let progress = exchange(ciphertext, &output) { () -> TLSProgress in
            while true {
                var count = 0
                var result: Int32 = 0
                plaintext.append(addingCapacity: Self.recordBytesMax) { target in
                    unsafe target.withUnsafeMutableBufferPointer { buffer, initialized in
                        let room = unsafe buffer.baseAddress.map { unsafe $0 + initialized }
                        result = unsafe SSL_read_ex(ssl, room, buffer.count - initialized, &count)
                        if result == 1 { initialized += count }
                    }
                }
                guard result == 1 else { return standing(after: result) }
            }
        }
        // libssl names plain HTTP only for some methods; no content type of TLS is a letter (RFC 8446 § 5.1).
        if case .failed(.malformed) = progress, unsafe wire.pointee.firstByte?.isAlpha == true {
            return .failed(.plainHTTP)
        }
        return progress
    }

    /// Encrypts all of `plaintext` to the end of `output`, which must be established; nil: it succeeded.
    package func send(_ plaintext: Span<UInt8>, output: inout [UInt8]) -> TLSFailure? {
        guard !plaintext.isEmpty else { return nil }
        let records = plaintext.count / Self.recordBytesMax + 1
        output.reserveCapacity(output.count + plaintext.count + records * Self.recordOverheadBytes)
        return exchange(Span<UInt8>(), &output) { () -> TLSFailure? in
            var count = 0
            let result = unsafe plaintext.withUnsafeBytes { bytes in
                unsafe SSL_write_ex(ssl, bytes.baseAddress, bytes.count, &count)
            }
            guard result != 1 else { return nil }
            guard case .failed(let failure) = standing(after: result)
            else { return .library("a write before the end of the handshake") }
            return failure
        }
    }

    /// Appends a close_notify: we send no more (RFC 8446 § 6.1). Before the end of the handshake, after a failure and
    /// the second time, nothing.
    package func close(output: inout [UInt8]) {
        guard isEstablished, unsafe SSL_get_shutdown(ssl) & SSL_SENT_SHUTDOWN == 0 else { return }
        exchange(Span<UInt8>(), &output) {
            // "You must not call SSL_shutdown() if a previous fatal error has occurred on a connection": libssl leaves
            // the initialised state then, https://docs.openssl.org/3.0/man3/SSL_shutdown/.
            _ = unsafe SSL_shutdown(ssl)
        }
    }

    /// Runs calls into libssl with the peer's bytes and the room for ours under it.
    func exchange<Result>(_ input: Span<UInt8>, _ output: inout [UInt8], _ body: () -> Result) -> Result {
        unsafe input.withUnsafeBufferPointer { bytes in
            Libssl.clearErrors()
            unsafe wire.pointee.input = bytes.baseAddress
            unsafe wire.pointee.inputBytes = bytes.count
            unsafe swap(&wire.pointee.output, &output)
            let result = body()
            unsafe swap(&wire.pointee.output, &output)
            unsafe wire.pointee.input = nil
            unsafe wire.pointee.inputBytes = 0
            Libssl.clearErrors()
            return result
        }
    }

    private func standing(after result: Int32) -> TLSProgress {
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE, SSL_ERROR_NONE:
            return isEstablished ? .established : .handshaking
        case SSL_ERROR_ZERO_RETURN:
            return .closedByPeer
        default:
            let failure = Libssl.takeFailure()
            guard !context.isServer, case .clientCertificate = failure else { return .failed(failure) }
            // "The certificate did not verify" is all that the error says; the reason is the connection's.
            let reason = unsafe SSL_get_verify_result(ssl)
            return .failed(.serverCertificate(unsafe String(cString: X509_verify_cert_error_string(reason))))
        }
    }
}
