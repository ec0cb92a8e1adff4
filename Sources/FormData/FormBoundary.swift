internal import Bytes

/// The text that separates the parts of a form (RFC 2046 § 5.1.1).
package struct FormBoundary: Equatable, Sendable {
    /// CRLF, two hyphens, and the boundary: what ends a part's data. Its only CR is the first byte.
    package let delimiter: [UInt8]

    /// The boundary of a `Content-Type` value; nil when the value is not of the type `multipart/form-data`.
    ///
    /// A quoted boundary with a backslash is refused: readers do not agree on what it stands for.
    package static func parse(contentType value: Span<UInt8>) throws(FormFault) -> FormBoundary? {
        var start = 0
        while start < value.count, value[start].isOptionalWhitespace { start += 1 }
        var end = start
        while end < value.count, value[end].isTokenByte || value[end] == UInt8(ascii: "/") { end += 1 }
        guard value.extracting(start ..< end).equalsIgnoringCase("multipart/form-data") else { return nil }
        var boundary: [UInt8]?
        var scanner = ParameterScanner(after: end, fault: .contentType)
        while let parameter = try scanner.next(in: value) {
            guard value.extracting(parameter.name).equalsIgnoringCase("boundary") else { continue }
            guard boundary == nil else { throw .boundaryRepeated }
            guard !parameter.hasBackslash else { throw .boundary }
            boundary = parameter.value
        }
        guard let boundary else { throw .boundaryMissing }
        guard let parsed = FormBoundary(boundary.span) else { throw .boundary }
        return parsed
    }

    /// nil when `boundary` is not `0*69<bchars> bcharsnospace`.
    package init?(_ boundary: Span<UInt8>) {
        let count = boundary.count
        guard count > 0, count <= FormLimits.boundaryBytesMax, boundary[count - 1] != 0x20 else { return nil }
        for index in boundary.indices where !Self.isBoundaryByte(boundary[index]) { return nil }
        var delimiter: [UInt8] = [0x0D, 0x0A, 0x2D, 0x2D]
        delimiter.append(contentsOf: boundary)
        self.delimiter = delimiter
    }

    private static func isBoundaryByte(_ byte: UInt8) -> Bool {
        if byte.isAlpha || byte.isDigit { return true }
        switch byte {
        case UInt8(ascii: "'"), UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "+"), UInt8(ascii: "_"),
            UInt8(ascii: ","), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "/"), UInt8(ascii: ":"),
            UInt8(ascii: "="), UInt8(ascii: "?"), UInt8(ascii: " "):
            return true
        default:
            return false
        }
    }
}
