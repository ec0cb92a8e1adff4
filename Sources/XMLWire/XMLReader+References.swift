internal import Bytes

extension XMLReader {
    /// The longest reference is `&#x0010FFFF;` and a few more zeros.
    private static let referenceBytesMax = 16

    /// Takes character data up to the next `<`.
    mutating func readCharacters(_ document: Span<UInt8>) throws(XMLRefusal) {
        while let byte = peek(document, 0), byte != 0x3C {
            if byte == 0x26 {
                try readReference(document)
            } else {
                try take(byte)
                offset += 1
            }
        }
    }

    private mutating func readReference(_ document: Span<UInt8>) throws(XMLRefusal) {
        var end = offset + 1
        while end < document.count, document[end] != 0x3B {
            guard end - offset < Self.referenceBytesMax else { throw .malformed(offset: offset) }
            end += 1
        }
        guard end < document.count else { throw .truncated }
        let name = document.extracting(offset + 1 ..< end)
        if !name.isEmpty, name[0] == 0x23 {
            guard let scalar = Self.scalar(name.extracting(1...)) else { throw .malformed(offset: offset) }
            for byte in UTF8.encode(scalar) ?? .init() { try take(byte) }
        } else {
            guard let byte = Self.predefined(name) else { throw .unknownEntity }
            try take(byte)
        }
        offset = end + 1
    }

    /// The five entities of XML 1.0 § 4.6.
    private static func predefined(_ name: Span<UInt8>) -> UInt8? {
        if name.equals("amp") { return 0x26 }
        if name.equals("lt") { return 0x3C }
        if name.equals("gt") { return 0x3E }
        if name.equals("quot") { return 0x22 }
        if name.equals("apos") { return 0x27 }
        return nil
    }

    /// The character of the digits after `#`, nil where it is none or not a `Char` of XML 1.0 § 2.2.
    private static func scalar(_ digits: Span<UInt8>) -> Unicode.Scalar? {
        let isHexadecimal = !digits.isEmpty && digits[0] == 0x78
        let value = isHexadecimal ? Hex.parse(digits.extracting(1...)) : Decimal.parse(digits)
        guard let value, let narrow = UInt32(exactly: value), let scalar = Unicode.Scalar(narrow),
            narrow >= 0x20 || narrow == 0x09 || narrow == 0x0A || narrow == 0x0D,
            narrow != 0xFFFE, narrow != 0xFFFF
        else { return nil }
        return scalar
    }
}
