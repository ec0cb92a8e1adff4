internal import Bytes

/// A pull reader for a whole, small document (XML 1.0, UTF-8): tags that match, references, CDATA sections, comments
/// and processing instructions; attributes are checked and passed over; prefixes of names are dropped.
///
/// It reads what S3 and its kin send and refuses what they do not: a document type, undefined entities, anything past
/// ``XMLLimits``. White space before the XML declaration is borne, for CompleteMultipartUpload sends some to keep the
/// connection alive.
package struct XMLReader {
    private enum Place {
        case beforeRoot, insideRoot, afterRoot
    }

    /// The character data of the last ``XMLEvent/text``: well-formed UTF-8.
    package private(set) var text: [UInt8] = []

    let limits: XMLLimits
    var offset = 0
    private var place = Place.beforeRoot
    /// The full names of the open elements.
    private var open: [Range<Int>] = []
    private var hasPendingEnd = false

    package init(limits: XMLLimits = XMLLimits()) {
        self.limits = limits
        // Enough for what answers usually hold.
        text.reserveCapacity(128)
        open.reserveCapacity(4)
    }

    /// Elements that are open now.
    package var depth: Int { open.count }

    /// The next event. Every call is given the same document.
    package mutating func next(_ document: Span<UInt8>) throws(XMLRefusal) -> XMLEvent {
        guard document.count <= limits.documentBytesMax else { throw .documentTooLong }
        if hasPendingEnd {
            hasPendingEnd = false
            close()
            return .end
        }
        if offset == 0, document.hasPrefix([0xEF, 0xBB, 0xBF].span) { offset = 3 }
        text.removeAll(keepingCapacity: true)
        while offset < document.count {
            guard document[offset] == 0x3C else {
                try readCharacters(document)
                continue
            }
            switch peek(document, 1) {
            case 0x3F:
                try skip(document, from: 2, through: [0x3F, 0x3E])
            case 0x21:
                try readDeclaration(document)
            case 0x2F:
                if !text.isEmpty { return try checkedText() }
                try readEndTag(document)
                return .end
            default:
                if !text.isEmpty { return try checkedText() }
                return .start(try readStartTag(document))
            }
        }
        switch place {
        case .beforeRoot: throw .empty
        case .insideRoot: throw .truncated
        case .afterRoot: return .finished
        }
    }

    /// The byte `distance` after the current one, or nil past the end.
    func peek(_ document: Span<UInt8>, _ distance: Int) -> UInt8? {
        distance < document.count - offset ? document[offset + distance] : nil
    }

    /// Moves behind the next occurrence of `terminator` that begins `distance` bytes on or later.
    mutating func skip(
        _ document: Span<UInt8>, from distance: Int, through terminator: [UInt8]
    ) throws(XMLRefusal) {
        var index = offset + distance
        while document.count - index >= terminator.count {
            if document[index] == terminator[0], document.extracting(index...).hasPrefix(terminator.span) {
                offset = index + terminator.count
                return
            }
            index += 1
        }
        throw .truncated
    }

    /// Appends character data, in its place and within its bound.
    mutating func take(_ byte: UInt8) throws(XMLRefusal) {
        guard place == .insideRoot else {
            guard byte.isXMLSpace else { throw .malformed(offset: offset) }
            return
        }
        guard byte >= 0x20 || byte.isXMLSpace else { throw .malformed(offset: offset) }
        guard text.count < limits.textBytesMax else { throw .textTooLong }
        text.append(byte)
    }

    private func checkedText() throws(XMLRefusal) -> XMLEvent {
        guard (try? UTF8Span(validating: text.span)) != nil else { throw .notUTF8 }
        return .text
    }

    /// Comments and CDATA sections; every other declaration is refused.
    private mutating func readDeclaration(_ document: Span<UInt8>) throws(XMLRefusal) {
        let rest = document.extracting(offset...)
        if rest.hasPrefix("<!--".utf8Span.span) {
            try skip(document, from: 4, through: [0x2D, 0x2D, 0x3E])
        } else if rest.hasPrefix("<![CDATA[".utf8Span.span) {
            guard place == .insideRoot else { throw .malformed(offset: offset) }
            let start = offset + 9
            try skip(document, from: 9, through: [0x5D, 0x5D, 0x3E])
            for index in start ..< offset - 3 { try take(document[index]) }
        } else if rest.hasPrefix("<!DOCTYPE".utf8Span.span) {
            throw .doctype
        } else if "<![CDATA[".utf8Span.span.hasPrefix(rest) || "<!DOCTYPE".utf8Span.span.hasPrefix(rest)
            || "<!--".utf8Span.span.hasPrefix(rest) {
            throw .truncated
        } else {
            throw .malformed(offset: offset)
        }
    }

    private mutating func readStartTag(_ document: Span<UInt8>) throws(XMLRefusal) -> Range<Int> {
        guard place != .afterRoot else { throw .malformed(offset: offset) }
        guard open.count < limits.depthMax else { throw .tooDeep }
        offset += 1
        let name = try readName(document)
        hasPendingEnd = try readAttributes(document)
        open.append(name)
        place = .insideRoot
        return Self.localName(name, document)
    }

    private mutating func readEndTag(_ document: Span<UInt8>) throws(XMLRefusal) {
        guard let expected = open.last else { throw .malformed(offset: offset) }
        offset += 2
        let start = offset
        let name = try readName(document)
        guard document.extracting(name).equalBytes(document.extracting(expected)) else {
            throw .malformed(offset: start)
        }
        skipSpace(document)
        guard let byte = peek(document, 0) else { throw .truncated }
        guard byte == 0x3E else { throw .malformed(offset: offset) }
        offset += 1
        close()
    }

    private mutating func close() {
        open.removeLast()
        if open.isEmpty { place = .afterRoot }
    }

    private static func localName(_ name: Range<Int>, _ document: Span<UInt8>) -> Range<Int> {
        var start = name.lowerBound
        for index in name where document[index] == 0x3A { start = index + 1 }
        return start < name.upperBound ? start ..< name.upperBound : name
    }
}

extension Span where Element == UInt8 {
    fileprivate func equalBytes(_ other: Span<UInt8>) -> Bool { count == other.count && hasPrefix(other) }
}

extension UInt8 {
    /// `S` of XML 1.0 § 2.3.
    var isXMLSpace: Bool { self == 0x20 || self == 0x0A || self == 0x0D || self == 0x09 }
}
