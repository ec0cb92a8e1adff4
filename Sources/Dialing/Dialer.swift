internal import CCurl
internal import Glibc

/// Makes TCP connections to servers by their names, on curl's multi-socket interface (libcurl-multi(3)): it looks names
/// up on threads of its own, remembers what it found for a while, and tries the addresses of both families in turn
/// (RFC 8305). Driven by the owner's loop; not for use from two threads.
///
/// Completions run at the end of ``socketReady(descriptor:readable:writable:failed:)`` and ``timerFired()``, never
/// inside a callback of curl, nor inside ``dial(host:port:milliseconds:completion:)`` or ``Dial/cancel()``.
///
/// Memory: `multi` is this object's own until ``close()``.
@safe package final class Dialer {
    private(set) weak var driver: (any DialerDriver)?
    private let lookupCacheSeconds: Int
    private var multi: UnsafeMutableRawPointer?
    /// Handles in the multi handle, each knowing its index here.
    private var running: [DialHandle] = []
    private var idle: [DialHandle] = []
    /// Kept for the next attempts, about 8 KiB each.
    private static let idleHandlesMax = 8

    /// - Parameter lookupCacheSeconds: for how long the addresses of a name are remembered.
    /// - Returns: nil when libcurl cannot be initialised.
    package init?(driver: any DialerDriver, lookupCacheSeconds: Int) {
        guard CurlGlobal.isReady, let multi = unsafe curl_multi_init() else { return nil }
        self.driver = driver
        self.lookupCacheSeconds = lookupCacheSeconds
        unsafe self.multi = unsafe multi
        let own = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe sluice_curl_multi_set_pointer(multi, CURLMOPT_SOCKETDATA, own)
        unsafe sluice_curl_multi_set_pointer(multi, CURLMOPT_TIMERDATA, own)
        unsafe sluice_curl_multi_set_socket_function(multi, curlSocket)
        unsafe sluice_curl_multi_set_timer_function(multi, curlTimer)
    }

    deinit { close() }

    /// Begins to connect. `completion` gets a connected, non-blocking, close-on-exec socket with TCP_NODELAY, which is
    /// then the caller's to close, once and later, unless the attempt is cancelled.
    ///
    /// - Parameters:
    ///   - host: a name or an IPv4 address, or an IPv6 address in brackets.
    ///   - milliseconds: for the lookup and the connection together.
    /// - Returns: nil when the dialer is closed or there is no memory.
    package func dial(
        host: String, port: UInt16, milliseconds: Int, completion: @escaping (Result<Int32, DialFailure>) -> Void
    ) -> Dial? {
        guard let multi = unsafe multi,
            let handle = idle.popLast() ?? DialHandle(dialer: self, lookupCacheSeconds: lookupCacheSeconds),
            handle.prepare(host: host, port: port, milliseconds: milliseconds)
        else { return nil }
        let dial = Dial(dialer: self, completion: completion)
        handle.dial = dial
        guard unsafe curl_multi_add_handle(multi, handle.easy) == CURLM_OK else {
            handle.dial = nil
            return nil
        }
        dial.handle = handle
        handle.position = running.count
        running.append(handle)
        return dial
    }

    /// The loop found `descriptor` ready.
    package func socketReady(descriptor: Int32, readable: Bool, writable: Bool, failed: Bool) {
        var events: Int32 = 0
        if readable { events |= CURL_CSELECT_IN }
        if writable { events |= CURL_CSELECT_OUT }
        if failed { events |= CURL_CSELECT_ERR }
        act(descriptor, events)
    }

    /// The timer that ``DialerDriver/setTimer(milliseconds:)`` set is due.
    package func timerFired() {
        act(CURL_SOCKET_TIMEOUT, 0)
    }

    /// Ends every attempt without a completion. Nothing can be begun afterwards.
    package func close() {
        guard let multi = unsafe multi else { return }
        for handle in running {
            _ = handle.dial?.end()
            unsafe curl_multi_remove_handle(multi, handle.easy)
            handle.dial = nil
        }
        running.removeAll()
        idle.removeAll()
        unsafe curl_multi_cleanup(multi)
        unsafe self.multi = nil
        driver?.setTimer(milliseconds: nil)
    }

    func cancel(_ dial: Dial) {
        guard let handle = dial.handle else { return }
        remove(handle, isReusable: false)
    }

    private func act(_ descriptor: Int32, _ events: Int32) {
        guard let multi = unsafe multi else { return }
        var runningCount: Int32 = 0
        unsafe curl_multi_socket_action(multi, descriptor, events, &runningCount)
        for (dial, result) in collect() {
            if let completion = dial.end() {
                completion(result)
            } else if case .success(let connection) = result {
                // An earlier completion has cancelled this one.
                Glibc.close(connection)
            }
        }
    }

    private func collect() -> [(Dial, Result<Int32, DialFailure>)] {
        var ended: [(Dial, Result<Int32, DialFailure>)] = []
        var rest: Int32 = 0
        while let message = unsafe curl_multi_info_read(multi, &rest) {
            guard unsafe message.pointee.msg == CURLMSG_DONE, let easy = unsafe message.pointee.easy_handle
            else { continue }
            let code = unsafe message.pointee.data.result
            guard let handle = unsafe DialHandle.of(easy) else { continue }
            if let dial = handle.dial { ended.append((dial, result(handle, code))) }
            remove(handle, isReusable: code == CURLE_OK)
        }
        return ended
    }

    private func result(_ handle: DialHandle, _ code: CURLcode) -> Result<Int32, DialFailure> {
        guard code == CURLE_OK else {
            return .failure(DialFailure(kind: DialFailure.Kind(code), detail: handle.errorDescription(code)))
        }
        guard let connection = handle.takeConnection() else {
            return .failure(DialFailure(kind: .other, detail: "no descriptor is left for a connection"))
        }
        return .success(connection)
    }

    /// Takes a handle out of the multi handle, which closes the socket it has.
    private func remove(_ handle: DialHandle, isReusable: Bool) {
        unsafe curl_multi_remove_handle(multi, handle.easy)
        handle.dial?.handle = nil
        handle.dial = nil
        let last = running.removeLast()
        if last !== handle {
            running[handle.position] = last
            last.position = handle.position
        }
        guard isReusable, idle.count < Self.idleHandlesMax else { return }
        idle.append(handle)
    }
}
