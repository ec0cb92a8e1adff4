package import HTTPWire

/// The bounds of an answer in numbers, and what the reader is told of them.
package struct AnswerBounds: Sendable {
    private let bodyBytesMax: UInt64
    private let chunkSizeDigitsMax: Int
    private let chunkExtensionBytesMax: Int
    private let chunkExtensionTotalBytesMax: Int
    private let trailerBytesMax: Int
    private let trailerFieldsMax: Int
    package let limits: ResponseLimits

    private init(
        headBytesMax: Int, fieldsMax: Int, totalHeadBytesMax: Int?, bodyBytesMax: UInt64, chunkSizeDigitsMax: Int,
        chunkExtensionBytesMax: Int, chunkExtensionTotalBytesMax: Int, trailerBytesMax: Int, trailerFieldsMax: Int
    ) {
        self.bodyBytesMax = bodyBytesMax
        self.chunkSizeDigitsMax = chunkSizeDigitsMax
        self.chunkExtensionBytesMax = chunkExtensionBytesMax
        self.chunkExtensionTotalBytesMax = chunkExtensionTotalBytesMax
        self.trailerBytesMax = trailerBytesMax
        self.trailerFieldsMax = trailerFieldsMax
        limits = ResponseLimits(
            headBytesMax: headBytesMax, fieldsMax: fieldsMax, totalHeadBytesMax: totalHeadBytesMax,
            bodyBytesMax: bodyBytesMax, chunkSizeDigitsMax: chunkSizeDigitsMax,
            chunkExtensionBytesMax: chunkExtensionBytesMax, chunkExtensionTotalBytesMax: chunkExtensionTotalBytesMax,
            trailerBytesMax: trailerBytesMax, trailerFieldsMax: trailerFieldsMax)
    }

    /// What a client has; four heads in all.
    package static let wide = AnswerBounds(
        headBytesMax: 16_384, fieldsMax: 200, totalHeadBytesMax: nil, bodyBytesMax: 5 << 40, chunkSizeDigitsMax: 16,
        chunkExtensionBytesMax: 1_024, chunkExtensionTotalBytesMax: 16_384, trailerBytesMax: 8_192,
        trailerFieldsMax: 200)

    /// Every bound within reach of a few hundred bytes, so that the bounds are fuzzed too.
    package static let tight = AnswerBounds(
        headBytesMax: 128, fieldsMax: 4, totalHeadBytesMax: 192, bodyBytesMax: 64, chunkSizeDigitsMax: 6,
        chunkExtensionBytesMax: 16, chunkExtensionTotalBytesMax: 40, trailerBytesMax: 64, trailerFieldsMax: 3)

    /// What the plain reading of chunks is told.
    func chunks(trailerBytesMax left: Int) -> WireLimits {
        WireLimits(
            bodyBytesMax: bodyBytesMax, chunkSizeDigitsMax: chunkSizeDigitsMax,
            chunkExtensionBytesMax: chunkExtensionBytesMax, chunkExtensionTotalBytesMax: chunkExtensionTotalBytesMax,
            trailerBytesMax: min(trailerBytesMax, left), trailerFieldsMax: trailerFieldsMax)
    }
}
