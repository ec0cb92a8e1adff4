/// How much of a document is borne. The defaults are for the store's short replies, with room to spare: the longest, a
/// listing of 1,000 uploads with keys of 1,024 bytes that are all escaped, stays under the first.
package struct XMLLimits: Sendable {
    /// The whole document.
    package var documentBytesMax = 8 << 20
    /// Elements inside each other; the store's replies have four.
    package var depthMax = 16
    /// The decoded text between two tags.
    package var textBytesMax = 8_192
    /// The name of an element or attribute, its prefix included.
    package var nameBytesMax = 256
    /// Attributes of one element.
    package var attributesMax = 32

    package init() {}
}
