internal import CCurl
internal import Glibc

/// An easy handle of curl that makes connections, one after the other, and the memory that it is given a pointer into.
///
/// Memory: `easy` and `errorText` are this object's own, from `init` to `deinit`; curl keeps the pointer only while
/// `easy` lives, and `easy` is out of its multi handle by then.
@safe final class DialHandle {
    let easy: UnsafeMutableRawPointer
    var dial: Dial?
    /// Index in the dialer's list of running handles.
    var position = 0
    private let errorText: UnsafeMutablePointer<CChar>

    init?(dialer: Dialer, lookupCacheSeconds: Int) {
        guard let easy = unsafe curl_easy_init() else { return nil }
        unsafe self.easy = unsafe easy
        unsafe errorText = .allocate(capacity: Int(CURL_ERROR_SIZE))
        unsafe errorText.initialize(repeating: 0, count: Int(CURL_ERROR_SIZE))
        guard configure(dialer, lookupCacheSeconds) else { return nil }
    }

    deinit {
        unsafe curl_easy_cleanup(easy)
        unsafe errorText.deallocate()
    }

    /// What is the same for every attempt (reasons in the manual page of each option, and design § 7).
    private func configure(_ dialer: Dialer, _ lookupCacheSeconds: Int) -> Bool {
        var sum = CurlCodeSum()
        // "perform all the required proxy authentication and connection setup, but no data transfer, and then return"
        // (CURLOPT_CONNECT_ONLY(3)).
        unsafe sum += sluice_curl_set_long(easy, CURLOPT_CONNECT_ONLY, 1)
        unsafe sum += sluice_curl_set_long(easy, CURLOPT_FRESH_CONNECT, 1)
        unsafe sum += sluice_curl_set_long(easy, CURLOPT_NOSIGNAL, 1)
        // Without it, removing a handle in the middle of a name lookup blocks for the rest of the lookup.
        unsafe sum += sluice_curl_set_long(easy, CURLOPT_QUICK_EXIT, 1)
        unsafe sum += sluice_curl_set_text(easy, CURLOPT_PROTOCOLS_STR, "http")
        // The empty string also keeps curl from the proxy variables of the environment.
        unsafe sum += sluice_curl_set_text(easy, CURLOPT_PROXY, "")
        unsafe sum += sluice_curl_set_text(easy, CURLOPT_NOPROXY, "")
        unsafe sum += sluice_curl_set_long(easy, CURLOPT_DNS_CACHE_TIMEOUT, lookupCacheSeconds)
        unsafe sum += sluice_curl_set_pointer(easy, CURLOPT_ERRORBUFFER, UnsafeMutableRawPointer(errorText))
        let own = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe sum += sluice_curl_set_pointer(easy, CURLOPT_PRIVATE, own)
        // A socket may outlive this handle, so its end is told to the dialer.
        let owner = unsafe Unmanaged.passUnretained(dialer).toOpaque()
        unsafe sum += sluice_curl_set_pointer(easy, CURLOPT_CLOSESOCKETDATA, owner)
        unsafe sum += sluice_curl_set_close_function(easy, curlCloseSocket)
        unsafe sum += sluice_curl_set_pointer(easy, CURLOPT_OPENSOCKETDATA, owner)
        unsafe sum += sluice_curl_set_open_function(easy, curlOpenSocket)
        return sum.isOK
    }

    /// - Parameter host: a name or an IPv4 address, or an IPv6 address in brackets.
    func prepare(host: String, port: UInt16, milliseconds: Int) -> Bool {
        unsafe errorText[0] = 0
        var sum = CurlCodeSum()
        unsafe sum += sluice_curl_set_text(easy, CURLOPT_URL, "http://\(host):\(port)/")
        unsafe sum += sluice_curl_set_long(easy, CURLOPT_CONNECTTIMEOUT_MS, milliseconds)
        return sum.isOK
    }

    /// A descriptor of our own for the connection that was made (CURLINFO_ACTIVESOCKET(3)), close-on-exec; nil when the
    /// process has none left, or the connection is gone again. Curl may then close its own: the connection ends with
    /// the last of them (close(2)).
    func takeConnection() -> Int32? {
        var active: curl_socket_t = -1
        guard unsafe sluice_curl_get_socket(easy, &active) == CURLE_OK, active >= 0 else { return nil }
        let own = fcntl(active, F_DUPFD_CLOEXEC, 0)
        return own >= 0 ? own : nil
    }

    /// The object of an easy handle that one was made for.
    static func of(_ easy: UnsafeMutableRawPointer) -> DialHandle? {
        var context: UnsafeMutableRawPointer?
        unsafe sluice_curl_get_pointer(easy, CURLINFO_PRIVATE, &context)
        guard let context = unsafe context else { return nil }
        return unsafe Unmanaged<DialHandle>.fromOpaque(context).takeUnretainedValue()
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
