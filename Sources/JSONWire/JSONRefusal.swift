/// Why bytes are not the JSON that Sluice reads. `at` is an offset into the document, for the log.
package enum JSONRefusal: Error, Equatable {
    /// More bytes than ``JSONLimits/documentBytesMax``.
    case tooLarge
    /// More nesting than ``JSONLimits/depthMax``.
    case tooDeep(at: Int)
    /// Not UTF-8 (RFC 8259 § 8.1), a byte order mark included.
    case notUTF8
    /// Not in the grammar of RFC 8259, or cut off, or followed by more.
    case malformed(at: Int)
    /// A name twice in one object: readers differ on which one counts (RFC 8259 § 4), so neither does.
    case duplicateName(at: Int)
    /// An escape for half of a surrogate pair, which is no character (RFC 8259 § 8.2).
    case loneSurrogate(at: Int)
}
