/// The client could not be set up.
package struct HTTPClientError: Error, CustomStringConvertible {
    package let description: String
}
