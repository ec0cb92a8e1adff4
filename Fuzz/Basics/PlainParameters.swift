internal import FuzzPlain

/// `*( OWS ";" OWS [ token "=" ( token / quoted-string ) ] )`, what stands behind the first word of a field's value
/// (RFC 9110 § 5.6.6), by stripping from the left.
package struct PlainParameters {
    package struct Parameter {
        package let name: ArraySlice<UInt8>
        /// Without its quotes, and with the backslashes in it.
        package let value: ArraySlice<UInt8>
        package let isQuoted: Bool

        /// With a backslash before a quote or another one taken off; before anything else it is a character.
        package var text: [UInt8] {
            var text: [UInt8] = []
            var rest = value
            while let byte = rest.popFirst() {
                let isEscape = byte == 0x5C && (rest.first == 0x22 || rest.first == 0x5C)
                text.append(isEscape ? rest.removeFirst() : byte)
            }
            return text
        }
    }

    package private(set) var all: [Parameter] = []

    /// nil where something else is among them.
    package init?(_ text: ArraySlice<UInt8>) {
        var rest = text.drop(while: PlainLetters.isSpace)
        while !rest.isEmpty {
            guard rest.popFirst() == 0x3B else { return nil }
            rest = rest.drop(while: PlainLetters.isSpace)
            if rest.isEmpty || rest.first == 0x3B { continue }
            let name = rest.prefix(while: PlainBytes.isToken)
            rest = rest.dropFirst(name.count)
            guard !name.isEmpty, rest.popFirst() == 0x3D else { return nil }
            let isQuoted = rest.first == 0x22
            let end = isQuoted ? PlainExtensions.quotedEnd(rest) : rest.prefix(while: PlainBytes.isToken).endIndex
            guard let end, end > rest.startIndex else { return nil }
            let value = isQuoted ? rest[..<end].dropFirst().dropLast() : rest[..<end]
            all.append(Parameter(name: name, value: value, isQuoted: isQuoted))
            rest = rest[end...].drop(while: PlainLetters.isSpace)
        }
    }

    /// Those of a name, which is in lower case.
    package func named(_ name: String) -> [Parameter] { all.filter { PlainLetters.isSame($0.name, name) } }
}
