internal import Bytes

/// The methods of RFC 9110 § 9 and RFC 5789. Methods are case-sensitive: `get` is `other`.
package enum RequestMethod: Equatable, Sendable {
    case get, head, post, put, delete, options, patch, trace, connect
    /// Any other token. The server knows none of them: 405 or 501.
    case other

    init(_ name: Span<UInt8>) {
        switch name.count {
        case 3: self = name.equals("GET") ? .get : name.equals("PUT") ? .put : .other
        case 4: self = name.equals("POST") ? .post : name.equals("HEAD") ? .head : .other
        case 5: self = name.equals("PATCH") ? .patch : name.equals("TRACE") ? .trace : .other
        case 6: self = name.equals("DELETE") ? .delete : .other
        case 7: self = name.equals("OPTIONS") ? .options : name.equals("CONNECT") ? .connect : .other
        default: self = .other
        }
    }
}
