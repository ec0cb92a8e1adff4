/// How much JSON is read. Everything that Sluice reads is small: token parts, request bodies, credential documents.
package struct JSONLimits: Sendable {
    /// Bytes of a whole document; it also bounds the number of values, and every string in it.
    package var documentBytesMax: Int

    /// Arrays and objects inside each other. The reader recurses, so this is what bounds its stack.
    package var depthMax: Int

    package init(documentBytesMax: Int = 8_192, depthMax: Int = 32) {
        self.documentBytesMax = documentBytesMax
        self.depthMax = depthMax
    }
}
