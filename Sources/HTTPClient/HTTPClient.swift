internal import Bytes
internal import CCurl
internal import Glibc

/// Outgoing HTTP/1.1 requests on curl's multi-socket interface (libcurl-multi(3)), driven by the owner's loop; not
/// for use from two threads. Connections are kept and shared by all of a client's transfers.
///
/// Completions run at the end of ``socketReady(descriptor:readable:writable:failed:)`` and ``timerFired()``, never
/// inside a callback of curl, nor inside ``start(_:completion:)`` or ``HTTPTransfer/cancel()``.
///
/// Memory: `multi` and `share` are this object's own until ``close()``.
@safe package final class HTTPClient {
    let driver: any HTTPClientDriver
    private let configuration: HTTPClientConfiguration
    private var multi: UnsafeMutableRawPointer?
    private var share: UnsafeMutableRawPointer?

    /// Handles in the multi handle, each knowing its index here.
    private var running: [CurlHandle] = []
    private var idle: [CurlHandle] = []
    /// Kept for the next transfers, about 8 KiB each.
    private let idleHandlesMax = 64

    /// curl is on the stack: it must not be entered again (CURLM_RECURSIVE_API_CALL), what is asked waits.
    private var isInsideCurl = false
    private var postponed: [Postponed] = []
    private var finished: [(HTTPTransfer, Result<HTTPResponse, HTTPFailure>)] = []
    private var isDelivering = false
    private var needsTick = false
    /// Connections that hold back partial segments until curl is through with this turn.
    private var corked: [Int32] = []

    private enum Postponed {
        case start(HTTPTransfer)
        case resume(HTTPTransfer)
        case cancel(HTTPTransfer)
    }

    package init(
        configuration: HTTPClientConfiguration, driver: any HTTPClientDriver
    ) throws(HTTPClientError) {
        guard CurlGlobal.isReady, let multi = unsafe curl_multi_init() else {
            throw HTTPClientError(description: "libcurl cannot be initialised")
        }
        self.driver = driver
        self.configuration = configuration
        unsafe self.multi = unsafe multi
        unsafe share = unsafe curl_share_init()
        // One client is one thread: the share needs no lock functions. Sessions of TLS are per easy handle without it.
        unsafe sluice_curl_share_lock_data(share, CURL_LOCK_DATA_SSL_SESSION)
        unsafe sluice_curl_share_lock_data(share, CURL_LOCK_DATA_DNS)
        let own = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe sluice_curl_multi_set_pointer(multi, CURLMOPT_SOCKETDATA, own)
        unsafe sluice_curl_multi_set_pointer(multi, CURLMOPT_TIMERDATA, own)
        unsafe sluice_curl_multi_set_socket_function(multi, curlSocket)
        unsafe sluice_curl_multi_set_timer_function(multi, curlTimer)
        unsafe sluice_curl_multi_set_long(multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, configuration.connectionsMax)
        unsafe sluice_curl_multi_set_long(multi, CURLMOPT_MAXCONNECTS, configuration.idleConnectionsMax)
        unsafe sluice_curl_multi_set_long(multi, CURLMOPT_PIPELINING, Int(CURLPIPE_NOTHING))
    }

    deinit { close() }

    /// Transfers that have not ended.
    package var transferCount: Int { running.count }

    /// Starts `request`. `completion` runs once, later, unless the transfer is cancelled.
    package func start(
        _ request: HTTPRequest, completion: @escaping (Result<HTTPResponse, HTTPFailure>) -> Void
    ) -> HTTPTransfer {
        let transfer = HTTPTransfer(
            client: self, request: request, fieldBytesMax: configuration.responseFieldBytesMax, completion: completion)
        if isInsideCurl {
            postponed.append(.start(transfer))
        } else {
            begin(transfer)
        }
        return transfer
    }

    /// The loop found `descriptor` ready.
    package func socketReady(descriptor: Int32, readable: Bool, writable: Bool, failed: Bool) {
        var events: Int32 = 0
        if readable { events |= CURL_CSELECT_IN }
        if writable { events |= CURL_CSELECT_OUT }
        if failed { events |= CURL_CSELECT_ERR }
        act(descriptor, events)
    }

    /// The loop found `descriptor`, which the client has ceased to watch, readable: an idle connection has been closed
    /// by the server, or holds bytes that answer nothing (a 408 before the close). It is shut down, so that curl finds
    /// it dead instead of sending the next request into it; 7.88 takes a readable socket for alive.
    package func idleConnectionReady(descriptor: Int32) {
        shutdown(descriptor, Int32(SHUT_RDWR))
    }

    /// The timer that ``HTTPClientDriver/setTimer(milliseconds:)`` set is due.
    package func timerFired() {
        act(CURL_SOCKET_TIMEOUT, 0)
    }

    /// Ends every transfer without a completion and closes every connection. Nothing can be started afterwards.
    package func close() {
        guard let multi = unsafe multi, !isInsideCurl else { return }
        for handle in running {
            if let transfer = handle.transfer { _ = transfer.end() }
            unsafe curl_multi_remove_handle(multi, handle.easy)
            handle.transfer = nil
        }
        for (transfer, _) in finished { _ = transfer.end() }
        running.removeAll()
        idle.removeAll()
        finished.removeAll()
        unsafe curl_multi_cleanup(multi)
        unsafe curl_share_cleanup(share)
        unsafe self.multi = nil
        unsafe share = nil
        driver.setTimer(milliseconds: nil)
    }

    func setTimer(_ milliseconds: Int) {
        driver.setTimer(milliseconds: needsTick ? 0 : milliseconds < 0 ? nil : milliseconds)
    }

    // MARK: the life of a transfer

    private func begin(_ transfer: HTTPTransfer) {
        guard transfer.stage == .waiting else { return }
        guard let multi = unsafe multi, running.count < configuration.transfersMax else {
            return refuse(transfer, .unavailable, "the HTTP client is closed or has too many transfers")
        }
        guard transfer.request.isWellFormed else {
            return refuse(transfer, .invalidRequest, "the request's URL or fields hold bytes that cannot be sent")
        }
        guard let handle = takeHandle(),
            handle.prepare(transfer.request, expectContinueBytesMin: configuration.expectContinueBytesMin)
        else { return refuse(transfer, .other, "out of memory") }
        transfer.dropCopiedBody()
        transfer.stage = .running
        handle.transfer = transfer
        transfer.handle = handle
        guard unsafe curl_multi_add_handle(multi, handle.easy) == CURLM_OK else {
            handle.transfer = nil
            transfer.handle = nil
            return refuse(transfer, .other, "curl_multi_add_handle failed")
        }
        handle.position = running.count
        running.append(handle)
    }

    private func takeHandle() -> CurlHandle? {
        if let handle = idle.popLast() { return handle }
        return unsafe CurlHandle(configuration: configuration, client: self, share: share)
    }

    private func refuse(_ transfer: HTTPTransfer, _ kind: HTTPFailure.Kind, _ detail: String) {
        finish(transfer, .failure(HTTPFailure(kind: kind, detail: detail)))
        guard !isInsideCurl, !isDelivering, unsafe multi != nil else { return }
        needsTick = true
        driver.setTimer(milliseconds: 0)
    }

    private func finish(_ transfer: HTTPTransfer, _ result: Result<HTTPResponse, HTTPFailure>) {
        transfer.stage = .finished
        finished.append((transfer, result))
    }

    func resume(_ transfer: HTTPTransfer) {
        guard transfer.stage == .running else { return }
        if isInsideCurl {
            postponed.append(.resume(transfer))
        } else if transfer.isPaused {
            transfer.isPaused = false
            transfer.handle?.unpause()
        }
    }

    func cancel(_ transfer: HTTPTransfer) {
        let wasRunning = transfer.stage == .running
        _ = transfer.end()
        guard wasRunning else { return }
        if isInsideCurl {
            postponed.append(.cancel(transfer))
        } else if let handle = transfer.handle {
            remove(handle, isReusable: true)
        }
    }

    /// Takes a handle out of the multi handle.
    private func remove(_ handle: CurlHandle, isReusable: Bool) {
        unsafe curl_multi_remove_handle(multi, handle.easy)
        handle.transfer?.handle = nil
        handle.transfer = nil
        let last = running.removeLast()
        if last !== handle {
            running[handle.position] = last
            last.position = handle.position
        }
        guard isReusable, idle.count < idleHandlesMax else { return }
        handle.shrink()
        idle.append(handle)
    }

    // MARK: curl's turn

    private func act(_ descriptor: Int32, _ events: Int32) {
        guard let multi = unsafe multi, !isInsideCurl, !isDelivering else { return }
        needsTick = false
        var runningCount: Int32 = 0
        isInsideCurl = true
        unsafe curl_multi_socket_action(multi, descriptor, events, &runningCount)
        isInsideCurl = false
        uncork()
        collect()
        performPostponed()
        deliver()
    }

    /// One buffer of a body is several records of TLS, and libssl writes each by itself: the kernel puts them together
    /// (TCP_CORK, tcp(7)), which costs two calls and spares three rounds through the network stack.
    ///
    /// Where curl has repeated the request on another connection, the number may be another descriptor's. That one is
    /// corked and uncorked within the turn, or is no socket of TCP and refuses.
    func cork(_ handle: CurlHandle) {
        let connection = handle.connection
        guard connection >= 0, !corked.contains(connection) else { return }
        setCork(connection, 1)
        corked.append(connection)
    }

    private func uncork() {
        for connection in corked { setCork(connection, 0) }
        corked.removeAll(keepingCapacity: true)
    }

    private func setCork(_ descriptor: Int32, _ value: Int32) {
        var value = value
        unsafe setsockopt(
            descriptor, Int32(IPPROTO_TCP), TCP_CORK, &value, socklen_t(MemoryLayout<Int32>.size))
    }

    private func collect() {
        var rest: Int32 = 0
        while let message = unsafe curl_multi_info_read(multi, &rest) {
            guard unsafe message.pointee.msg == CURLMSG_DONE, let easy = unsafe message.pointee.easy_handle
            else { continue }
            let code = unsafe message.pointee.data.result
            guard let handle = unsafe CurlHandle.of(easy) else { continue }
            if code == CURLE_OK, let descriptor = handle.newConnection { driver.established(descriptor: descriptor) }
            if let transfer = handle.transfer, transfer.stage == .running {
                finish(transfer, result(of: transfer, handle, code))
            }
            remove(handle, isReusable: code == CURLE_OK)
        }
    }

    private func result(
        of transfer: HTTPTransfer, _ handle: CurlHandle, _ code: CURLcode
    ) -> Result<HTTPResponse, HTTPFailure> {
        if code == CURLE_OK {
            let status = handle.status
            // A final answer that ends the connection ends the sending too, and curl calls that a success whatever it
            // is. One that says yes to a body that was not sent says nothing.
            guard status >= 300 || transfer.isBodySent && handle.sentBodyBytes >= transfer.bodyLength else {
                let detail = "the server answered \(status) before it had the body"
                return .failure(HTTPFailure(kind: .malformedResponse, detail: detail, requestSent: true))
            }
            return .success(transfer.response(status: status))
        }
        let isSent = handle.isRequestSent
        return .failure(
            HTTPFailure(
                kind: transfer.ownFailure ?? HTTPFailure.Kind(code, isSent: isSent),
                detail: handle.errorDescription(code), requestSent: isSent, bodySent: isSent && transfer.isBodySent))
    }

    private func performPostponed() {
        guard !postponed.isEmpty else { return }
        var index = 0
        while index < postponed.count {
            switch postponed[index] {
            case .start(let transfer): begin(transfer)
            case .resume(let transfer): resume(transfer)
            case .cancel(let transfer):
                if let handle = transfer.handle { remove(handle, isReusable: true) }
            }
            index += 1
        }
        postponed.removeAll(keepingCapacity: true)
    }

    private func deliver() {
        guard !finished.isEmpty else { return }
        isDelivering = true
        var index = 0
        while index < finished.count {
            let (transfer, result) = finished[index]
            index += 1
            guard transfer.stage == .finished, let completion = transfer.end() else { continue }
            completion(result)
        }
        finished.removeAll(keepingCapacity: true)
        isDelivering = false
    }
}
