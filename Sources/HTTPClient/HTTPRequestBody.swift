/// What follows a request's fields. `Content-Length` is always sent with POST and PUT, and is made from this.
package enum HTTPRequestBody {
    case none
    /// A small body that is all there.
    case bytes([UInt8])
    /// Exactly `length` bytes, taken from `source` as the connection accepts them.
    case streamed(length: Int64, source: any RequestBodySource)
}
