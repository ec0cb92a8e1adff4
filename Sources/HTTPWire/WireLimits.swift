/// Every bound of the HTTP/1.1 wire, with its reason. Sizes are in bytes as they come over the wire.
package struct WireLimits: Equatable, Sendable {
    /// Request line, fields and both their line ends, with the empty lines before them: 10,240 is what API Gateway
    /// takes, so a client that works there works here. Offsets into a head are 16 bits wide, hence the ceiling.
    package let headBytesMax: Int

    /// The request line without its CRLF: RFC 9112 § 3 recommends at least 8,000.
    package let requestLineBytesMax: Int

    /// Field lines of one head: as many as a browser behind several proxies sends, and ten times over.
    package let fieldsMax: Int

    /// A method: the longest registered one has 17 bytes (`UPDATEREDIRECTREF`).
    package let methodBytesMax: Int

    /// Empty lines before a request line: RFC 9112 § 2.2 asks for one, old clients that end a body with CRLF need it.
    package let emptyLinesMax: Int

    /// A body, declared or counted: the largest object that S3 stores (5 TiB). The upload cap is far below and is not
    /// the wire's business; this bound keeps every sum away from overflow.
    package let bodyBytesMax: UInt64

    /// Hexadecimal digits of one chunk size, leading zeros included: 16 hold any 64-bit size.
    package let chunkSizeDigitsMax: Int

    /// The extensions of one chunk, from the size's last digit to CR: they mean nothing to us (RFC 9112 § 7.1.1).
    package let chunkExtensionBytesMax: Int

    /// The extensions of all chunks of one body: without it, a kilobyte of them may come with each body byte.
    package let chunkExtensionTotalBytesMax: Int

    /// The trailer section: it is checked and dropped, a checksum or two fit.
    package private(set) var trailerBytesMax: Int

    /// Fields of the trailer section.
    package let trailerFieldsMax: Int

    package init(
        headBytesMax: Int = 10_240, requestLineBytesMax: Int = 8_192, fieldsMax: Int = 100, methodBytesMax: Int = 64,
        emptyLinesMax: Int = 1, bodyBytesMax: UInt64 = 5 << 40, chunkSizeDigitsMax: Int = 16,
        chunkExtensionBytesMax: Int = 1_024, chunkExtensionTotalBytesMax: Int = 16_384, trailerBytesMax: Int = 4_096,
        trailerFieldsMax: Int = 32
    ) {
        self.headBytesMax = min(headBytesMax, Int(UInt16.max))
        self.requestLineBytesMax = min(requestLineBytesMax, self.headBytesMax)
        self.fieldsMax = fieldsMax
        self.methodBytesMax = methodBytesMax
        self.emptyLinesMax = emptyLinesMax
        self.bodyBytesMax = min(bodyBytesMax, UInt64(Int64.max))
        self.chunkSizeDigitsMax = min(chunkSizeDigitsMax, 16)
        self.chunkExtensionBytesMax = chunkExtensionBytesMax
        self.chunkExtensionTotalBytesMax = chunkExtensionTotalBytesMax
        self.trailerBytesMax = trailerBytesMax
        self.trailerFieldsMax = trailerFieldsMax
    }

    /// The same with a trailer section of at most `bytes`.
    func withTrailers(bytesMax bytes: Int) -> WireLimits {
        var limits = self
        limits.trailerBytesMax = min(trailerBytesMax, bytes)
        return limits
    }
}
