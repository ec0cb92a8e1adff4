/// Reads objects back, for `GET /objects/{key}` of development mode.
package protocol ObjectReader: AnyObject {
    /// Calls `completion` later, on the worker's thread; with nil when there is no such object.
    func read(key: String, completion: @escaping (StoredObject?) -> Void)
}

/// A whole small object.
package struct StoredObject: Sendable {
    package let bytes: [UInt8]
    package let contentType: String

    package init(bytes: [UInt8], contentType: String) {
        self.bytes = bytes
        self.contentType = contentType
    }
}
