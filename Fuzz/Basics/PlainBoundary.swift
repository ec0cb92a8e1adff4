/// The boundary that a `Content-Type` value names (RFC 7578 § 4.1, RFC 2046 § 5.1.1), by stripping from the left.
package enum PlainBoundary: Equatable, Sendable {
    case otherType, wrong
    case right([UInt8])

    package init(_ value: ArraySlice<UInt8>) {
        let text = value.drop(while: PlainExtensions.isSpace)
        let type = text.prefix { PlainBytes.isToken($0) || $0 == 0x2F }
        let isForm = PlainBytes.isSame(type, "multipart/form-data")
        let boundaries = Self.boundaries(text.dropFirst(type.count)) ?? []
        let isRight = boundaries.count == 1 && Self.isBoundary(boundaries[0])
        self = !isForm ? .otherType : isRight ? .right(Array(boundaries[0])) : .wrong
    }

    /// The values of each `boundary` among `*( OWS ";" OWS [ token "=" ( token / quoted-string ) ] )`, without their
    /// quotes; nil where something else is among them.
    private static func boundaries(_ text: ArraySlice<UInt8>) -> [ArraySlice<UInt8>]? {
        var found: [ArraySlice<UInt8>] = []
        var rest = text.drop(while: PlainExtensions.isSpace)
        while !rest.isEmpty {
            guard rest.popFirst() == 0x3B else { return nil }
            rest = rest.drop(while: PlainExtensions.isSpace)
            if rest.isEmpty || rest.first == 0x3B { continue }
            let name = rest.prefix(while: PlainBytes.isToken)
            rest = rest.dropFirst(name.count)
            guard !name.isEmpty, rest.popFirst() == 0x3D else { return nil }
            let isQuoted = rest.first == 0x22
            let end = isQuoted ? PlainExtensions.quotedEnd(rest) : rest.prefix(while: PlainBytes.isToken).endIndex
            guard let end, end > rest.startIndex else { return nil }
            let value = rest[..<end]
            if PlainBytes.isSame(name, "boundary") { found.append(isQuoted ? value.dropFirst().dropLast() : value) }
            rest = rest[end...].drop(while: PlainExtensions.isSpace)
        }
        return found
    }

    /// `0*69<bchars> bcharsnospace`. A backslash is none, so that what one escapes need not be known.
    private static func isBoundary(_ text: ArraySlice<UInt8>) -> Bool {
        (1 ... 70).contains(text.count) && text.last != 0x20
            && text.allSatisfy { PlainBytes.isAlphanumeric($0) || "'()+_,-./:=? ".utf8.contains($0) }
    }
}
