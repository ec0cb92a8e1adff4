internal import Bytes
internal import CCurl
internal import Glibc

// What curl calls. Each finds its object behind the pointer that was set with the callback: an easy handle's object
// lives as long as the handle, the client longer than its multi handle.

/// CURLOPT_WRITEFUNCTION(3): bytes of the answer's body; another number than was given ends the transfer.
let curlWrite: curl_write_callback = { bytes, size, count, context in
    unsafe handToTransfer(bytes, size * count, context) { $0.receive(body: $1) }
}

/// CURLOPT_HEADERFUNCTION(3): one whole line of the head.
let curlHeader: curl_write_callback = { bytes, size, count, context in
    unsafe handToTransfer(bytes, size * count, context) { $0.receive(line: $1) }
}

private func handToTransfer(
    _ bytes: UnsafeMutablePointer<CChar>?, _ count: Int, _ context: UnsafeMutableRawPointer?,
    _ receive: (HTTPTransfer, Span<UInt8>) -> Bool
) -> Int {
    guard let context = unsafe context,
        let transfer = unsafe Unmanaged<CurlHandle>.fromOpaque(context).takeUnretainedValue().transfer
    else { return 0 }
    let buffer = unsafe UnsafeRawBufferPointer(start: bytes, count: count)
    let isTaken = unsafe buffer.withMemoryRebound(to: UInt8.self) { unsafe receive(transfer, $0.span) }
    return isTaken ? count : count &+ 1
}

/// CURLOPT_READFUNCTION(3): the next bytes of the request's body.
let curlRead: curl_write_callback = { bytes, size, count, context in
    guard let context = unsafe context, let bytes = unsafe bytes else { return Int(CURL_READFUNC_ABORT) }
    let handle = unsafe Unmanaged<CurlHandle>.fromOpaque(context).takeUnretainedValue()
    guard let transfer = handle.transfer else { return Int(CURL_READFUNC_ABORT) }
    let target = UnsafeMutableRawPointer(bytes)
    let supplied = transfer.supply(capacity: size * count) { span in
        unsafe span.withUnsafeBytes { source in
            guard let start = source.baseAddress else { return }
            unsafe target.copyMemory(from: start, byteCount: source.count)
        }
    }
    switch supplied {
    case .bytes(let count):
        if count > CurlHandle.recordBytesMax, handle.isEncrypted { transfer.client?.cork(handle) }
        return count
    case .pause: return Int(CURL_READFUNC_PAUSE)
    case .abort: return Int(CURL_READFUNC_ABORT)
    }
}

/// CURLOPT_SEEKFUNCTION(3): curl only ever goes back to the first byte of a body.
let curlSeek: curl_seek_callback = { context, offset, origin in
    guard let context = unsafe context, offset == 0, origin == SEEK_SET,
        let transfer = unsafe Unmanaged<CurlHandle>.fromOpaque(context).takeUnretainedValue().transfer
    else { return CURL_SEEKFUNC_FAIL }
    return transfer.rewind() ? CURL_SEEKFUNC_OK : CURL_SEEKFUNC_FAIL
}

/// CURLOPT_PREREQFUNCTION(3): the connection stands, and the request is about to be sent, perhaps not for the first
/// time. From here on curl tells of the connection's end.
let curlPrerequest: curl_prereq_callback = { context, _, _, _, localPort in
    if let context = unsafe context {
        let handle = unsafe Unmanaged<CurlHandle>.fromOpaque(context).takeUnretainedValue()
        handle.transfer?.willSend()
        handle.connection = handle.descriptor
        handle.tellConnection(localPort: localPort)
    }
    return CURL_PREREQFUNC_OK
}

/// CURLOPT_OPENSOCKETFUNCTION(3): a connection's socket, which no program that is started meanwhile shall inherit. The
/// driver is told because 7.88 may have closed another one of that number without a word, and then says nothing of the
/// new one either: to its multi handle a number is a socket.
let curlOpenSocket: curl_opensocket_callback = { context, _, address in
    guard let context = unsafe context, let address = unsafe address else { return CURL_SOCKET_BAD }
    let kind = unsafe address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = unsafe socket(address.pointee.family, kind, address.pointee.protocol)
    guard descriptor >= 0 else { return CURL_SOCKET_BAD }
    unsafe Unmanaged<HTTPClient>.fromOpaque(context).takeUnretainedValue().driver.opened(descriptor: descriptor)
    return descriptor
}

/// CURLOPT_CLOSESOCKETFUNCTION(3): a connection's end, of whatever transfer.
let curlCloseSocket: curl_closesocket_callback = { context, descriptor in
    if let context = unsafe context {
        unsafe Unmanaged<HTTPClient>.fromOpaque(context).takeUnretainedValue().driver.closing(descriptor: descriptor)
    }
    return close(descriptor)
}

/// CURLMOPT_SOCKETFUNCTION(3): what to watch a socket for.
let curlSocket: curl_socket_callback = { easy, descriptor, what, context, _ in
    guard let context = unsafe context, let easy = unsafe easy else { return 0 }
    let driver = unsafe Unmanaged<HTTPClient>.fromOpaque(context).takeUnretainedValue().driver
    if what == CURL_POLL_REMOVE {
        // 7.88 closes the socket of a connection that was not yet established past CURLOPT_CLOSESOCKETFUNCTION, and
        // only then says that it is to be removed. By the next accept its number may be another's.
        if fcntl(descriptor, F_GETFD) < 0 {
            driver.closing(descriptor: descriptor)
        } else {
            driver.unwatch(descriptor: descriptor)
        }
    } else {
        let isReadable = what == CURL_POLL_IN || what == CURL_POLL_INOUT
        let isWritable = what == CURL_POLL_OUT || what == CURL_POLL_INOUT
        // A socket that is waited for to be writable is a connection's, not the one that a name lookup signals with.
        let handle = unsafe CurlHandle.of(easy)
        if isWritable { handle?.descriptor = descriptor }
        if let handle, let transfer = handle.transfer, transfer.sendCount > 0 { handle.connection = descriptor }
        driver.watch(descriptor: descriptor, readable: isReadable, writable: isWritable)
    }
    return 0
}

/// CURLMOPT_TIMERFUNCTION(3): the one timer; -1 cancels it.
let curlTimer: curl_multi_timer_callback = { _, milliseconds, context in
    guard let context = unsafe context else { return 0 }
    unsafe Unmanaged<HTTPClient>.fromOpaque(context).takeUnretainedValue().setTimer(milliseconds)
    return 0
}
