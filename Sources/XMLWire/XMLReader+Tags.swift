internal import Bytes

extension XMLReader {
    /// Reads a name that begins here. Bytes over 127 are let pass: which of them may be in a name concerns nobody.
    mutating func readName(_ document: Span<UInt8>) throws(XMLRefusal) -> Range<Int> {
        let start = offset
        while let byte = peek(document, 0), Self.isNameByte(byte) {
            guard offset - start < limits.nameBytesMax else { throw .nameTooLong }
            offset += 1
        }
        guard offset < document.count else { throw .truncated }
        guard offset > start, !document[start].isDigit, document[start] != 0x2D, document[start] != 0x2E else {
            throw .malformed(offset: offset)
        }
        return start ..< offset
    }

    /// Passes over attributes and the end of the tag; answers whether the element is empty (`/>`).
    mutating func readAttributes(_ document: Span<UInt8>) throws(XMLRefusal) -> Bool {
        var count = 0
        while true {
            let before = offset
            skipSpace(document)
            guard let byte = peek(document, 0) else { throw .truncated }
            if byte == 0x3E {
                offset += 1
                return false
            }
            if byte == 0x2F {
                guard let last = peek(document, 1) else { throw .truncated }
                guard last == 0x3E else { throw .malformed(offset: offset) }
                offset += 2
                return true
            }
            guard offset > before else { throw .malformed(offset: offset) }
            guard count < limits.attributesMax else { throw .tooManyAttributes }
            try skipAttribute(document)
            count += 1
        }
    }

    mutating func skipSpace(_ document: Span<UInt8>) {
        while let byte = peek(document, 0), byte.isXMLSpace { offset += 1 }
    }

    private mutating func skipAttribute(_ document: Span<UInt8>) throws(XMLRefusal) {
        _ = try readName(document)
        skipSpace(document)
        guard let equals = peek(document, 0) else { throw .truncated }
        guard equals == 0x3D else { throw .malformed(offset: offset) }
        offset += 1
        skipSpace(document)
        guard let quote = peek(document, 0) else { throw .truncated }
        guard quote == 0x22 || quote == 0x27 else { throw .malformed(offset: offset) }
        offset += 1
        while let byte = peek(document, 0), byte != quote {
            guard byte != 0x3C, byte >= 0x20 || byte.isXMLSpace else { throw .malformed(offset: offset) }
            offset += 1
        }
        guard offset < document.count else { throw .truncated }
        offset += 1
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        byte.isAlpha || byte.isDigit || byte == 0x3A || byte == 0x5F || byte == 0x2D || byte == 0x2E || byte >= 0x80
    }
}
