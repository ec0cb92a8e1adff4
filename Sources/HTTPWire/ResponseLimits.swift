/// Every bound of an answer, with its reason. Sizes are in bytes as they come over the wire.
package struct ResponseLimits: Equatable, Sendable {
    /// One head, status line and empty line included: stores send less than 2,048. Offsets into a head are 16 bits
    /// wide, hence the ceiling.
    package let headBytesMax: Int

    /// Field lines of one head: ten times of what stores send.
    package let fieldsMax: Int

    /// All heads of one answer, interim ones and trailers included: without it, interim answers may come for ever.
    package let totalHeadBytesMax: Int

    /// Body and chunks: what ``WireLimits`` says of them and why. A trailer section may have more fields here, since a
    /// proxy may add its own to a store's.
    let body: WireLimits

    package init(
        headBytesMax: Int = 16_384, fieldsMax: Int = 200, totalHeadBytesMax: Int? = nil, bodyBytesMax: UInt64 = 5 << 40,
        chunkSizeDigitsMax: Int = 16, chunkExtensionBytesMax: Int = 1_024, chunkExtensionTotalBytesMax: Int = 16_384,
        trailerBytesMax: Int = 8_192, trailerFieldsMax: Int = 200
    ) {
        self.headBytesMax = min(headBytesMax, Int(UInt16.max))
        self.fieldsMax = fieldsMax
        self.totalHeadBytesMax = totalHeadBytesMax ?? 4 * self.headBytesMax
        body = WireLimits(
            bodyBytesMax: bodyBytesMax, chunkSizeDigitsMax: chunkSizeDigitsMax,
            chunkExtensionBytesMax: chunkExtensionBytesMax, chunkExtensionTotalBytesMax: chunkExtensionTotalBytesMax,
            trailerBytesMax: trailerBytesMax, trailerFieldsMax: trailerFieldsMax)
    }

    package var bodyBytesMax: UInt64 { body.bodyBytesMax }
}
