internal import Bytes
internal import CCurl
internal import Glibc

/// An easy handle of curl and the memory that it is given pointers into. It is set up once and then goes from
/// transfer to transfer: what differs between requests is set for every one of them, so nothing of one reaches the
/// next, and the thirty options that do not differ are not set ten thousand times a second (`curl_easy_reset` would
/// ask for that).
///
/// Memory: `easy` and the four buffers are this object's own, from `init` to `deinit`; curl keeps the pointers only
/// while `easy` lives, and `easy` is out of its multi handle by then.
@safe final class CurlHandle {
    let easy: UnsafeMutableRawPointer
    /// The transfer that the callbacks speak to.
    var transfer: HTTPTransfer?
    /// The connection that was made for the transfer, -1 when it found one.
    var descriptor: Int32 = -1
    /// The connection that the request is being sent on, -1 before curl has asked to watch it since.
    var connection: Int32 = -1
    /// Index in the client's list of running handles.
    var position = 0

    private let errorText: UnsafeMutablePointer<CChar>
    private var lines: UnsafeMutableBufferPointer<UInt8>
    private var nodes: UnsafeMutableBufferPointer<curl_slist>
    private var smallBody: UnsafeMutableBufferPointer<UInt8>
    private var url = ""
    /// Whether the transfer goes over TLS.
    private(set) var isEncrypted = false
    private var hasTarget = false
    private var connectMilliseconds = -1
    private var totalMilliseconds = -1
    private var isCustomMethod = false
    private var uploadBufferBytes = 0

    /// A write carries one buffer: what comes fast costs a third less in large writes, what trickles in should not hold
    /// more than it needs (CURLOPT_UPLOAD_BUFFERSIZE(3): 16 KiB is the least, 64 KiB curl's default).
    private static let smallUploadBufferBytes = 16_384
    private static let largeUploadBufferBytes = 65_536
    private static let fastBytesMin = 32_768
    private static let smallBodyBytes = 512
    /// Of a body that was sent in one piece, so much memory stays with a handle that waits for its next transfer.
    private static let restingBodyBytesMax = 16_384
    /// Plaintext of a TLS record at most (RFC 8446 section 5.1).
    static let recordBytesMax = 16_384

    init?(configuration: HTTPClientConfiguration, client: HTTPClient, share: UnsafeMutableRawPointer?) {
        guard let easy = unsafe curl_easy_init() else { return nil }
        unsafe self.easy = unsafe easy
        unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        unsafe lines = .allocate(capacity: 1_024)
        unsafe nodes = .allocate(capacity: 16)
        unsafe smallBody = .allocate(capacity: Self.smallBodyBytes)
        guard unsafe configure(configuration, client: client, share: share) else { return nil }
    }

    deinit {
        unsafe curl_easy_cleanup(easy)
        unsafe errorText.deallocate()
        unsafe lines.deallocate()
        unsafe nodes.deallocate()
        unsafe smallBody.deallocate()
    }

    /// What is the same for every request (reasons in the manual page of each option, and design § 7).
    private func configure(
        _ configuration: HTTPClientConfiguration, client: HTTPClient, share: UnsafeMutableRawPointer?
    ) -> Bool {
        var sum = CurlCodeSum()
        unsafe sum += sluice_curl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        // Without it, removing a handle in the middle of a name lookup blocks for the rest of the lookup.
        unsafe sum += sluice_curl_set_long(easy, CURLOPT_QUICK_EXIT, 1)
        unsafe sum += sluice_curl_set_long(easy, CURLOPT_HTTP_VERSION, Int(CURL_HTTP_VERSION_1_1))
        unsafe sum += sluice_curl_set_text(easy, CURLOPT_PROTOCOLS_STR, "http,https")
        unsafe sum += sluice_curl_set_long(easy, CURLOPT_FOLLOWLOCATION, 0)
        unsafe sum += sluice_curl_set_long(easy, CURLOPT_PATH_AS_IS, 1)
        // The empty string also keeps curl from the proxy variables of the environment.
        unsafe sum += sluice_curl_set_text(easy, CURLOPT_PROXY, "")
        unsafe sum += sluice_curl_set_text(easy, CURLOPT_NOPROXY, "")
        unsafe sum += sluice_curl_set_long(easy, CURLOPT_MAXAGE_CONN, configuration.connectionIdleSecondsMax)
        unsafe sum += sluice_curl_set_long(easy, CURLOPT_MAXLIFETIME_CONN, configuration.connectionLifeSecondsMax)
        unsafe sum += sluice_curl_set_long(easy, CURLOPT_DNS_CACHE_TIMEOUT, configuration.lookupCacheSeconds)
        unsafe sum += sluice_curl_set_long(easy, CURLOPT_BUFFERSIZE, configuration.receiveBufferBytes)
        unsafe sum += sluice_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, UnsafeMutableRawPointer(errorText))
        unsafe sum += sluice_curl_set_pointer(easy, CURLOPT_SHARE, share)
        if let path = configuration.caBundlePath {
            unsafe sum += sluice_curl_set_text(easy, CURLOPT_CAINFO, path)
        }
        let own = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe sum += sluice_curl_set_pointer(easy, CURLOPT_PRIVATE, own)
        unsafe sum += sluice_curl_set_pointer(easy, CURLOPT_WRITEDATA, own)
        unsafe sum += sluice_curl_set_pointer(easy, CURLOPT_HEADERDATA, own)
        unsafe sum += sluice_curl_set_pointer(easy, CURLOPT_READDATA, own)
        unsafe sum += sluice_curl_set_pointer(easy, CURLOPT_SEEKDATA, own)
        unsafe sum += sluice_curl_set_transfer_function(easy, CURLOPT_WRITEFUNCTION, curlWrite)
        unsafe sum += sluice_curl_set_transfer_function(easy, CURLOPT_HEADERFUNCTION, curlHeader)
        unsafe sum += sluice_curl_set_transfer_function(easy, CURLOPT_READFUNCTION, curlRead)
        unsafe sum += sluice_curl_set_seek_function(easy, curlSeek)
        unsafe sum += sluice_curl_set_pointer(easy, CURLOPT_PREREQDATA, own)
        unsafe sum += sluice_curl_set_prerequest_function(easy, curlPrerequest)
        // The connection outlives this handle, so its end is told to the client.
        let owner = unsafe Unmanaged.passUnretained(client).toOpaque()
        unsafe sum += sluice_curl_set_pointer(easy, CURLOPT_CLOSESOCKETDATA, owner)
        unsafe sum += sluice_curl_set_close_function(easy, curlCloseSocket)
        unsafe sum += sluice_curl_set_pointer(easy, CURLOPT_OPENSOCKETDATA, owner)
        unsafe sum += sluice_curl_set_open_function(easy, curlOpenSocket)
        return sum.isOK
    }

    /// Sets everything that differs between requests.
    func prepare(_ request: HTTPRequest, expectContinueBytesMin: Int64) -> Bool {
        unsafe errorText[0] = 0
        descriptor = -1
        connection = -1
        var sum = CurlCodeSum()
        var fields = request.fields
        if request.url != url {
            url = request.url
            isEncrypted = url.hasPrefix("https:")
            unsafe sum += sluice_curl_set_text(easy, CURLOPT_URL, url)
        }
        if let target = request.target {
            hasTarget = true
            unsafe sum += sluice_curl_set_text(easy, CURLOPT_REQUEST_TARGET, target)
        } else if hasTarget {
            hasTarget = false
            unsafe sum += sluice_curl_set_text(easy, CURLOPT_REQUEST_TARGET, nil)
        }
        let length = prepareBody(request, &sum)
        if let length {
            if !fields.namesContentType { fields.append(curlLine: "Content-Type:") }
            fields.append(curlLine: length < expectContinueBytesMin ? "Expect:" : "Expect: 100-continue")
        }
        unsafe sum += sluice_curl_set_fields(easy, list(fields))
        if request.connectMilliseconds != connectMilliseconds {
            connectMilliseconds = request.connectMilliseconds
            unsafe sum += sluice_curl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, connectMilliseconds)
        }
        if request.totalMilliseconds ?? 0 != totalMilliseconds {
            totalMilliseconds = request.totalMilliseconds ?? 0
            unsafe sum += sluice_curl_set_long(easy, CURLOPT_TIMEOUT_MS, totalMilliseconds)
        }
        return sum.isOK
    }

    /// Sets method and body; answers the body's length where one is sent. The order matters: HTTPGET undoes what any
    /// method before has set, and setting POSTFIELDS makes the method POST.
    private func prepareBody(_ request: HTTPRequest, _ sum: inout CurlCodeSum) -> Int64? {
        unsafe sum += sluice_curl_set_pointer(easy, CURLOPT_POSTFIELDS, nil)
        unsafe sum += sluice_curl_set_long(easy, CURLOPT_HTTPGET, 1)
        var custom: String?
        var length: Int64?
        switch request.body {
        case .none:
            switch request.method {
            case .get: break
            case .head: unsafe sum += sluice_curl_set_long(easy, CURLOPT_NOBODY, 1)
            case .delete: custom = "DELETE"
            case .post, .put:
                length = 0
                setSmallBody([], &sum)
                custom = request.method == .put ? "PUT" : nil
            }
        case .bytes(let bytes):
            // POSTFIELDS under whatever name: head and body then leave in one write.
            length = Int64(bytes.count)
            setSmallBody(bytes, &sum)
            custom = request.method.name
        case .streamed(let declared, let source):
            length = declared
            unsafe sum += sluice_curl_set_long(easy, CURLOPT_UPLOAD, 1)
            unsafe sum += sluice_curl_set_offset(easy, CURLOPT_INFILESIZE_LARGE, Int(declared))
            custom = request.method == .put ? nil : request.method.name
            setUploadBuffer(readyBytes: source.readyBytes, &sum)
        }
        if let custom {
            unsafe sum += sluice_curl_set_text(easy, CURLOPT_CUSTOMREQUEST, custom)
        } else if isCustomMethod {
            unsafe sum += sluice_curl_set_text(easy, CURLOPT_CUSTOMREQUEST, nil)
        }
        isCustomMethod = custom != nil
        return length
    }

    private func setUploadBuffer(readyBytes: Int, _ sum: inout CurlCodeSum) {
        let bytes = readyBytes < Self.fastBytesMin ? Self.smallUploadBufferBytes : Self.largeUploadBufferBytes
        guard bytes != uploadBufferBytes else { return }
        uploadBufferBytes = bytes
        unsafe sum += sluice_curl_set_long(easy, CURLOPT_UPLOAD_BUFFERSIZE, bytes)
    }

    /// A body that is all there, from this handle's own memory: "the data pointed to is NOT copied by the library: as a
    /// consequence, it must be preserved by the calling application until the associated transfer finishes"
    /// (CURLOPT_POSTFIELDS(3)).
    private func setSmallBody(_ bytes: [UInt8], _ sum: inout CurlCodeSum) {
        if unsafe bytes.count > smallBody.count {
            unsafe smallBody.deallocate()
            unsafe smallBody = .allocate(capacity: bytes.count)
        }
        unsafe Self.copy(bytes, to: smallBody)
        unsafe sum += sluice_curl_set_long(easy, CURLOPT_POST, 1)
        unsafe sum += sluice_curl_set_offset(easy, CURLOPT_POSTFIELDSIZE_LARGE, bytes.count)
        unsafe sum += sluice_curl_set_pointer(easy, CURLOPT_POSTFIELDS, UnsafeMutableRawPointer(smallBody.baseAddress))
    }

    /// Gives back the memory of an unusually large body, before the handle is put aside.
    func shrink() {
        guard unsafe smallBody.count > Self.restingBodyBytesMax else { return }
        unsafe sluice_curl_set_pointer(easy, CURLOPT_POSTFIELDS, nil)
        unsafe smallBody.deallocate()
        unsafe smallBody = .allocate(capacity: Self.smallBodyBytes)
    }

    /// Copies all of `bytes` to the beginning of memory that has room for them, in one piece: the library's own copying
    /// from a collection goes byte by byte.
    private static func copy(_ bytes: [UInt8], to target: UnsafeMutableBufferPointer<UInt8>) {
        unsafe bytes.withUnsafeBytes { source in
            unsafe UnsafeMutableRawBufferPointer(target).copyMemory(from: source)
        }
    }

    /// The lines as curl's list, in this handle's own memory: the nodes are curl's public structure
    /// (curl_slist_append(3)), and CURLOPT_HTTPHEADER only reads them.
    private func list(_ fields: HTTPFieldLines) -> UnsafeMutablePointer<curl_slist>? {
        guard fields.count > 0 else { return nil }
        if unsafe fields.bytes.count > lines.count {
            unsafe lines.deallocate()
            unsafe lines = .allocate(capacity: fields.bytes.count)
        }
        if unsafe fields.count > nodes.count {
            unsafe nodes.deallocate()
            unsafe nodes = .allocate(capacity: fields.count)
        }
        unsafe Self.copy(fields.bytes, to: lines)
        var start = 0
        for index in 0..<fields.count {
            let text = unsafe UnsafeMutableRawPointer(lines.baseAddress?.advanced(by: start))
            let next = unsafe index + 1 < fields.count ? nodes.baseAddress?.advanced(by: index + 1) : nil
            let node = unsafe curl_slist(data: text?.assumingMemoryBound(to: CChar.self), next: next)
            unsafe nodes.initializeElement(at: index, to: node)
            if let text = unsafe text { start += unsafe strlen(text.assumingMemoryBound(to: CChar.self)) + 1 }
        }
        return unsafe nodes.baseAddress
    }

    /// The object of an easy handle that one was made for.
    static func of(_ easy: UnsafeMutableRawPointer) -> CurlHandle? {
        var context: UnsafeMutableRawPointer?
        unsafe sluice_curl_get_pointer(easy, CURLINFO_PRIVATE, &context)
        guard let context = unsafe context else { return nil }
        return unsafe Unmanaged<CurlHandle>.fromOpaque(context).takeUnretainedValue()
    }

    /// The connection that was made for the transfer and is still open. Curl looks through all of its connections for
    /// the answer (CURLINFO_ACTIVESOCKET(3)), so only a transfer that made one asks.
    var newConnection: Int32? {
        guard descriptor >= 0 else { return nil }
        var active: curl_socket_t = -1
        guard unsafe sluice_curl_get_socket(easy, &active) == CURLE_OK, active == descriptor else { return nil }
        return descriptor
    }

    /// Tells the driver that the connection which was made for the transfer stands.
    ///
    /// - Parameter localPort: of the connection that the request goes out on. Where several were tried at once, or one
    ///   was found, the descriptor may be another's: it is this one's when it has that port.
    func tellConnection(localPort: Int32) {
        guard descriptor >= 0, let client = transfer?.client else { return }
        var address = sockaddr_in6()
        var length = socklen_t(MemoryLayout<sockaddr_in6>.size)
        let result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { generic in
                unsafe getsockname(descriptor, generic, &length)
            }
        }
        // The port lies in the same place in sockaddr_in and sockaddr_in6 (ip(7), ipv6(7)).
        guard result == 0, Int32(UInt16(bigEndian: address.sin6_port)) == localPort else { return }
        client.driver.established(descriptor: descriptor)
    }

    /// The status of the final answer, 0 when none came.
    var status: Int {
        var value = 0
        return unsafe sluice_curl_get_long(easy, CURLINFO_RESPONSE_CODE, &value) == CURLE_OK ? value : 0
    }

    /// Whether any byte of the request was sent.
    var isRequestSent: Bool {
        var value = 0
        return unsafe sluice_curl_get_long(easy, CURLINFO_REQUEST_SIZE, &value) == CURLE_OK && value > 0
    }

    /// Bytes of the body that were written to the connection.
    var sentBodyBytes: Int64 {
        var value: curl_off_t = 0
        return unsafe sluice_curl_get_offset(easy, CURLINFO_SIZE_UPLOAD_T, &value) == CURLE_OK ? Int64(value) : 0
    }

    /// Goes on after a pause (curl_easy_pause(3)).
    func unpause() {
        unsafe curl_easy_pause(easy, CURLPAUSE_CONT)
    }

    /// What curl wrote about the failure, or the code's own text.
    func errorDescription(_ code: CURLcode) -> String {
        let text = unsafe String(cString: errorText)
        if !text.isEmpty { return text }
        return unsafe String(cString: curl_easy_strerror(code))
    }
}

/// Collects the results of many options: all must be CURLE_OK.
struct CurlCodeSum {
    private(set) var isOK = true

    static func += (sum: inout CurlCodeSum, code: CURLcode) {
        if code != CURLE_OK { sum.isOK = false }
    }
}
