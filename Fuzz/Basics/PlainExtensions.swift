internal import FuzzPlain

/// `*( BWS ";" BWS token [ BWS "=" BWS ( token / quoted-string ) ] )`, by stripping from the left.
package enum PlainExtensions {
    package static func areRight(_ text: ArraySlice<UInt8>) -> Bool {
        var rest = text
        while !rest.isEmpty {
            rest = rest.drop(while: PlainLetters.isSpace)
            guard rest.popFirst() == 0x3B else { return false }
            rest = rest.drop(while: PlainLetters.isSpace)
            let name = rest.prefix(while: isTokenByte)
            guard !name.isEmpty else { return false }
            rest = rest.dropFirst(name.count)
            let afterSpace = rest.drop(while: PlainLetters.isSpace)
            guard afterSpace.first == 0x3D else { continue }
            rest = afterSpace.dropFirst().drop(while: PlainLetters.isSpace)
            if rest.first == 0x22 {
                guard let end = quotedEnd(rest) else { return false }
                rest = rest[end...]
            } else {
                let value = rest.prefix(while: isTokenByte)
                guard !value.isEmpty else { return false }
                rest = rest.dropFirst(value.count)
            }
        }
        return true
    }

    /// The index behind the closing quote of what begins with one.
    package static func quotedEnd(_ text: ArraySlice<UInt8>) -> Int? {
        var isEscaped = false
        for (index, byte) in zip(text.indices, text).dropFirst() {
            guard byte == 0x09 || byte >= 0x20 && byte != 0x7F else { return nil }
            if byte == 0x22, !isEscaped { return index + 1 }
            isEscaped = byte == 0x5C && !isEscaped
        }
        return nil
    }

    package static func isToken(_ text: ArraySlice<UInt8>) -> Bool { !text.isEmpty && text.allSatisfy(isTokenByte) }

    package static func isTokenByte(_ byte: UInt8) -> Bool { PlainBytes.isToken(byte) }
}
