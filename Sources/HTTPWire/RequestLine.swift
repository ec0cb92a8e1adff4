internal import Bytes

/// `method SP request-target SP HTTP-version` (RFC 9112 § 3), taken apart.
struct RequestLine: Sendable {
    let method: RequestMethod
    let methodName: ByteSlice
    let target: ByteSlice
    let path: ByteSlice
    let query: ByteSlice?
    let authority: ByteSlice?
    let isSecure: Bool
    let minorVersion: UInt8

    init(_ line: Range<Int>, of head: Span<UInt8>, methodBytesMax: Int) throws(WireRefusal) {
        var index = line.lowerBound
        while index < line.upperBound, head[index].isTokenByte { index += 1 }
        let methodEnd = index
        guard methodEnd > line.lowerBound, methodEnd < line.upperBound, head[methodEnd] == UInt8(ascii: " ")
        else { throw .badRequest(.method) }
        guard methodEnd - line.lowerBound <= methodBytesMax else { throw .methodNotImplemented }
        let targetStart = methodEnd + 1
        index = targetStart
        while index < line.upperBound, head[index] != UInt8(ascii: " ") { index += 1 }
        guard index < line.upperBound else { throw .badRequest(.version) }
        minorVersion = try Self.minorVersion(head.extracting(index + 1 ..< line.upperBound))
        let methodBytes = head.extracting(line.lowerBound ..< methodEnd)
        method = RequestMethod(methodBytes)
        methodName = ByteSlice(line.lowerBound ..< methodEnd)
        target = ByteSlice(targetStart ..< index)
        guard let parts = RequestTarget(head.extracting(targetStart ..< index), method: method)
        else { throw .badRequest(.target) }
        path = Self.slice(parts.path, from: targetStart)
        query = parts.query.map { Self.slice($0, from: targetStart) }
        authority = parts.authority.map { Self.slice($0, from: targetStart) }
        isSecure = parts.isSecure
    }

    private static func slice(_ range: Range<Int>, from start: Int) -> ByteSlice {
        ByteSlice(range.lowerBound + start ..< range.upperBound + start)
    }

    /// `HTTP/` and two digits with a dot between them, in upper case (RFC 9112 § 2.3).
    private static func minorVersion(_ text: Span<UInt8>) throws(WireRefusal) -> UInt8 {
        guard text.count == 8, text.extracting(0 ..< 5).equals("HTTP/"), text[5].isDigit,
            text[6] == UInt8(ascii: "."), text[7].isDigit
        else { throw .badRequest(.version) }
        // A higher minor version may be answered as 1.1 or refused; nobody sends one in earnest.
        guard text[5] == UInt8(ascii: "1"), text[7] <= UInt8(ascii: "1") else { throw .versionNotSupported }
        return text[7] &- UInt8(ascii: "0")
    }
}
