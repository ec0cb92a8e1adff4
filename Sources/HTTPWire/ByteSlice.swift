/// A stretch of the bytes of one head, by offset. It holds no bytes: who needs them past the head's life copies them.
package struct ByteSlice: Equatable, Sendable {
    package let start: UInt16
    package let count: UInt16

    package var range: Range<Int> { Int(start) ..< Int(start) + Int(count) }
    package var isEmpty: Bool { count == 0 }

    /// Heads are shorter than 65,536 bytes, see ``WireLimits/headBytesMax``.
    init(_ range: Range<Int>) {
        start = UInt16(truncatingIfNeeded: range.lowerBound)
        count = UInt16(truncatingIfNeeded: range.count)
    }

    /// The bytes themselves, out of the head that the slice was made from.
    @_lifetime(copy head)
    package func bytes(in head: Span<UInt8>) -> Span<UInt8> {
        head.extracting(range)
    }
}

/// One field line of a head.
package struct FieldSlice: Equatable, Sendable {
    package let known: KnownField
    /// As sent, in whatever case.
    package let name: ByteSlice
    /// Without the optional white space around it; may be empty.
    package let value: ByteSlice
}
