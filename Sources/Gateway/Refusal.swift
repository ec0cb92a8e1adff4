/// Every way in which Sluice says no. The one table of error name, status, code and detail.
///
/// `detail` says what the caller can do about it. It is fixed text: nothing of a request is ever echoed.
package enum Refusal: Equatable, Sendable, CaseIterable {
    case tokenMissing
    case tokenExpired
    case tokenInvalid
    case invalidFileType
    case invalidFileSignature
    case fileTooLarge
    case invalidImageURL
    case imageAlreadyRegistered
    case badRequest
    case notFound
    case methodNotAllowed
    case requestTimeout
    case uriTooLong
    case tooManyRequests
    case headersTooLarge
    case notImplemented
    case versionNotSupported
    case storeUnavailable
    case `internal`

    /// One row of the table.
    package struct Row: Sendable {
        package let status: Int
        /// The `error` of the body, upper case with underscores.
        package let error: String
        package let code: String
        package let detail: String
    }

    package var row: Row {
        switch self {
        case .tokenMissing:
            Row(
                status: 401, error: "TOKEN_MISSING", code: "AUTH-003",
                detail: "Send the header Authorization: Bearer followed by a token.")
        case .tokenExpired:
            Row(
                status: 401, error: "TOKEN_EXPIRED", code: "AUTH-003",
                detail: "The token's time is over. Ask for a new one and send the request again.")
        case .tokenInvalid:
            Row(
                status: 401, error: "TOKEN_INVALID", code: "AUTH-003",
                detail: "The token cannot be accepted. Sign in again for a new one.")
        case .invalidFileType:
            Row(
                status: 400, error: "INVALID_FILE_TYPE", code: "IMAGE-003",
                detail: "Send Content-Type: image/jpeg, image/png or image/gif.")
        case .invalidFileSignature:
            Row(
                status: 400, error: "INVALID_FILE_SIGNATURE", code: "IMAGE-004",
                detail: "The file's first bytes are not those of the Content-Type that was sent.")
        case .fileTooLarge:
            Row(
                status: 413, error: "FILE_TOO_LARGE", code: "IMAGE-002",
                detail: "The file is larger than this server accepts. Send a smaller one.")
        case .invalidImageURL:
            Row(
                status: 400, error: "INVALID_IMAGE_URL", code: "IMAGE-005",
                detail: "No image of yours that was uploaded here has this URL or id, or its time is over.")
        case .imageAlreadyRegistered:
            Row(
                status: 409, error: "IMAGE_ALREADY_REGISTERED", code: "IMAGE-006",
                detail: "The image is registered already, under the imageId in data.")
        case .badRequest:
            Row(
                status: 400, error: "BAD_REQUEST", code: "COMMON-400",
                detail: "The request is not well-formed, or its body is shorter than it was declared to be.")
        case .notFound:
            Row(status: 404, error: "NOT_FOUND", code: "COMMON-404", detail: "There is nothing at this path.")
        case .methodNotAllowed:
            Row(
                status: 405, error: "METHOD_NOT_ALLOWED", code: "COMMON-405",
                detail: "The Allow header names the methods of this path.")
        case .requestTimeout:
            Row(
                status: 408, error: "REQUEST_TIMEOUT", code: "COMMON-408",
                detail: "The request arrived too slowly. Send it again over a better connection.")
        case .uriTooLong:
            Row(status: 414, error: "URI_TOO_LONG", code: "COMMON-414", detail: "Send a shorter request target.")
        case .tooManyRequests:
            Row(
                status: 429, error: "TOO_MANY_REQUESTS", code: "COMMON-429",
                detail: "Requests come too fast. Send the request again after the time in Retry-After.")
        case .headersTooLarge:
            Row(status: 431, error: "HEADERS_TOO_LARGE", code: "COMMON-431", detail: "Send fewer or shorter headers.")
        case .notImplemented:
            Row(
                status: 501, error: "NOT_IMPLEMENTED", code: "COMMON-501",
                detail: "This method or transfer coding is not known here.")
        case .versionNotSupported:
            Row(
                status: 505, error: "HTTP_VERSION_NOT_SUPPORTED", code: "COMMON-505",
                detail: "Send the request as HTTP/1.1.")
        case .storeUnavailable:
            Row(
                status: 503, error: "STORE_UNAVAILABLE", code: "COMMON-503",
                detail: "Uploads cannot be served at the moment. Send the request again after the time in Retry-After.")
        case .internal:
            Row(
                status: 500, error: "INTERNAL", code: "COMMON-999",
                detail: "Something unexpected happened. The x-request-id finds it in the server's log.")
        }
    }

    /// The `message` of the body: the error in lower case, but API Gateway's own words where it would have answered.
    package var message: String {
        switch self {
        case .notFound: "Not Found"
        case .tooManyRequests: "Too Many Requests"
        default: row.error.lowercased()
        }
    }

    /// Seconds of `Retry-After`, for those refusals that pass by themselves, where nothing more exact is known.
    package var retryAfterSeconds: Int? {
        switch self {
        case .storeUnavailable: Self.storeRetryAfterSeconds
        case .tooManyRequests: 1
        default: nil
        }
    }

    /// A store that is throttling or restarting is usually back within this time.
    package static let storeRetryAfterSeconds = 5
}
