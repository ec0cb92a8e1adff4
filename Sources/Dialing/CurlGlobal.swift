internal import CCurl

/// curl's process-wide state.
enum CurlGlobal {
    /// Whether curl_global_init(3) went well: once, before any handle, for the life of the process.
    static let isReady: Bool = curl_global_init(Int(CURL_GLOBAL_DEFAULT)) == CURLE_OK
}
