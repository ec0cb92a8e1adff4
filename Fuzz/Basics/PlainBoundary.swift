internal import FuzzPlain

/// The boundary that a `Content-Type` value names (RFC 7578 § 4.1, RFC 2046 § 5.1.1), by stripping from the left.
package enum PlainBoundary: Equatable, Sendable {
    case otherType, wrong
    case right([UInt8])

    package init(_ value: ArraySlice<UInt8>) {
        let text = value.drop(while: PlainLetters.isSpace)
        let type = text.prefix { PlainBytes.isToken($0) || $0 == 0x2F }
        let isForm = PlainLetters.isSame(type, "multipart/form-data")
        let boundaries = PlainParameters(text.dropFirst(type.count))?.named("boundary").map(\.value) ?? []
        let isRight = boundaries.count == 1 && Self.isBoundary(boundaries[0])
        self = !isForm ? .otherType : isRight ? .right(Array(boundaries[0])) : .wrong
    }

    /// `0*69<bchars> bcharsnospace`. A backslash is none, so that what one escapes need not be known.
    private static func isBoundary(_ text: ArraySlice<UInt8>) -> Bool {
        (1 ... 70).contains(text.count) && text.last != 0x20
            && text.allSatisfy { PlainBytes.isAlphanumeric($0) || "'()+_,-./:=? ".utf8.contains($0) }
    }
}
