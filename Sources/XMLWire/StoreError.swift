/// What an `<Error>` says (Amazon S3 API Reference, "REST error responses"). Absent elements are empty or nil.
package struct StoreError: Error, Equatable, Sendable {
    /// Such as `NoSuchUpload` or `SlowDown`.
    package var code = ""
    /// For people. It may quote the request, so it belongs in a log, never in a reply.
    package var message = ""
    package var requestID: String?
    package var hostID: String?
    /// Where the bucket is, with `AuthorizationHeaderMalformed` and `PermanentRedirect`.
    package var region: String?
    package var endpoint: String?
    /// The store's clock, with `RequestTimeTooSkewed`.
    package var serverTime: String?

    package init() {}
}
