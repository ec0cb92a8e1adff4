internal import CCurl
internal import Glibc

// What curl calls. Each finds the dialer behind the pointer that was set with the callback: it lives longer than its
// multi handle.

private func dialer(_ context: UnsafeMutableRawPointer) -> Dialer {
    unsafe Unmanaged<Dialer>.fromOpaque(context).takeUnretainedValue()
}

/// CURLOPT_OPENSOCKETFUNCTION(3): a connection's socket, which no program that is started meanwhile shall inherit. The
/// driver is told because 7.88 may have closed another one of that number without a word, and then says nothing of the
/// new one either: to its multi handle a number is a socket.
let curlOpenSocket: curl_opensocket_callback = { context, _, address in
    guard let context = unsafe context, let address = unsafe address else { return CURL_SOCKET_BAD }
    let kind = unsafe address.pointee.socktype | Int32(SOCK_CLOEXEC.rawValue)
    let descriptor = unsafe socket(address.pointee.family, kind, address.pointee.protocol)
    guard descriptor >= 0 else { return CURL_SOCKET_BAD }
    unsafe dialer(context).driver?.opened(descriptor: descriptor)
    return descriptor
}

/// CURLOPT_CLOSESOCKETFUNCTION(3): a socket's end, of whatever attempt.
let curlCloseSocket: curl_closesocket_callback = { context, descriptor in
    if let context = unsafe context { unsafe dialer(context).driver?.closing(descriptor: descriptor) }
    return close(descriptor)
}

/// CURLMOPT_SOCKETFUNCTION(3): what to watch a socket for.
let curlSocket: curl_socket_callback = { _, descriptor, what, context, _ in
    guard let context = unsafe context, let driver = unsafe dialer(context).driver else { return 0 }
    guard what == CURL_POLL_REMOVE else {
        driver.watch(
            descriptor: descriptor, readable: what == CURL_POLL_IN || what == CURL_POLL_INOUT,
            writable: what == CURL_POLL_OUT || what == CURL_POLL_INOUT)
        return 0
    }
    // 7.88 closes the socket of a connection that was not yet established past CURLOPT_CLOSESOCKETFUNCTION, and only
    // then says that it is to be removed. By the next accept its number may be another's.
    if fcntl(descriptor, F_GETFD) < 0 {
        driver.closing(descriptor: descriptor)
    } else {
        driver.unwatch(descriptor: descriptor)
    }
    return 0
}

/// CURLMOPT_TIMERFUNCTION(3): the one timer; -1 cancels it.
let curlTimer: curl_multi_timer_callback = { _, milliseconds, context in
    guard let context = unsafe context else { return 0 }
    unsafe dialer(context).driver?.setTimer(milliseconds: milliseconds < 0 ? nil : milliseconds)
    return 0
}
