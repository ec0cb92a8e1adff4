internal import Bytes

/// What the head of one part says (RFC 7578 § 4). Other fields of it are ignored, as RFC 7578 § 4.8 asks for.
package struct PartHead: Equatable, Sendable {
    /// The field's name, as sent, without quotes.
    package let name: [UInt8]
    /// The value of `filename`, as sent, without quotes; nil when there is none.
    package let filename: [UInt8]?
    /// The value of `filename*`, still encoded (RFC 8187 § 3.2); RFC 7578 § 4.2 forbids it, and some clients send it.
    package let extendedFilename: [UInt8]?
    /// The value of `Content-Type`; nil when there is none.
    package let contentType: [UInt8]?
    /// Whether a `Content-Transfer-Encoding` says that the data is not the bytes themselves. It is never decoded:
    /// RFC 7578 § 4.7 deprecates it.
    package let isEncoded: Bool

    package init(
        name: [UInt8], filename: [UInt8]? = nil, extendedFilename: [UInt8]? = nil, contentType: [UInt8]? = nil,
        isEncoded: Bool = false
    ) {
        self.name = name
        self.filename = filename
        self.extendedFilename = extendedFilename
        self.contentType = contentType
        self.isEncoded = isEncoded
    }
}

/// The field lines of a part's head as they come.
struct PartHeadFields: Sendable {
    private var disposition: FormDisposition?
    private var contentType: [UInt8]?
    private var isEncoded: Bool?
    private var count = 0

    /// Checks one line, without its CRLF and not empty, and notes it.
    mutating func take(_ line: Span<UInt8>, fieldsMax: Int) throws(FormFault) {
        guard !line[0].isOptionalWhitespace else { throw .foldedLine }
        count += 1
        guard count <= fieldsMax else { throw .partHeadTooLarge }
        var colon = 0
        while colon < line.count, line[colon].isTokenByte { colon += 1 }
        guard colon > 0, colon < line.count, line[colon] == UInt8(ascii: ":") else { throw .fieldName }
        var start = colon + 1
        var end = line.count
        while start < end, line[start].isOptionalWhitespace { start += 1 }
        while end > start, line[end - 1].isOptionalWhitespace { end -= 1 }
        try note(line.extracting(0 ..< colon), line.extracting(start ..< end))
    }

    private mutating func note(_ name: Span<UInt8>, _ value: Span<UInt8>) throws(FormFault) {
        if name.equalsIgnoringCase("content-disposition") {
            guard disposition == nil else { throw .dispositionRepeated }
            disposition = try FormDisposition(value)
        } else if name.equalsIgnoringCase("content-type") {
            guard contentType == nil else { throw .contentTypeRepeated }
            contentType = value.copied()
        } else if name.equalsIgnoringCase("content-transfer-encoding") {
            guard isEncoded == nil else { throw .transferEncodingRepeated }
            isEncoded = !Self.identities.contains { value.equalsIgnoringCase($0) }
        }
    }

    /// The encodings that leave the bytes as they are (RFC 2045 § 6.2).
    private static let identities = ["7bit", "8bit", "binary"]

    /// The head, once its empty line was read.
    func head() throws(FormFault) -> PartHead {
        guard let disposition else { throw .dispositionMissing }
        return PartHead(
            name: disposition.name, filename: disposition.filename, extendedFilename: disposition.extendedFilename,
            contentType: contentType, isEncoded: isEncoded ?? false)
    }
}
