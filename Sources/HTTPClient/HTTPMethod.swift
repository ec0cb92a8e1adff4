/// The request methods that Sluice sends.
package enum HTTPMethod: Sendable {
    case get, head, post, put, delete
}

extension HTTPMethod {
    /// The name on the wire (RFC 9110 § 9).
    package var name: String {
        switch self {
        case .get: "GET"
        case .head: "HEAD"
        case .post: "POST"
        case .put: "PUT"
        case .delete: "DELETE"
        }
    }
}
