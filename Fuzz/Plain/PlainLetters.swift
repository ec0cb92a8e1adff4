/// Letters, and what stands around and between them.
package enum PlainLetters {
    package static func isHexDigit(_ byte: UInt8) -> Bool {
        (0x30 ... 0x39).contains(byte) || (0x41 ... 0x46).contains(byte) || (0x61 ... 0x66).contains(byte)
    }

    package static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

    /// Whether it is a control character, or ends a line or a paragraph.
    package static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        if (0x20 ... 0x7E).contains(scalar.value) { return false }
        let category = scalar.properties.generalCategory
        return category == .control || category == .lineSeparator || category == .paragraphSeparator
    }

    /// Whether `bytes` are those of `name`, which is in lower case, in letters of either case.
    package static func isSame(_ bytes: ArraySlice<UInt8>, _ name: String) -> Bool {
        guard bytes.count == name.utf8.count else { return false }
        for (byte, letter) in zip(bytes, name.utf8) where byte != letter {
            guard (0x41 ... 0x5A).contains(byte), byte + 32 == letter else { return false }
        }
        return true
    }

    /// Without the spaces and tabs around it.
    package static func trimmed(_ bytes: ArraySlice<UInt8>) -> ArraySlice<UInt8> {
        var rest = bytes.drop(while: isSpace)
        while let last = rest.last, isSpace(last) { rest.removeLast() }
        return rest
    }
}
