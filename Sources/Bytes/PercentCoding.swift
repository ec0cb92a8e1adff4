/// Percent-encoding (RFC 3986 § 2.1).
package enum PercentCoding {
    /// Appends `bytes` with everything but the unreserved ones (and `/` where `keepsSlash`) as `%XX`, upper case,
    /// which is the encoding that SigV4's canonical request asks for.
    package static func append(_ bytes: Span<UInt8>, keepsSlash: Bool, to output: inout [UInt8]) {
        for index in bytes.indices {
            let byte = bytes[index]
            if isKept(byte, keepsSlash) {
                output.append(byte)
            } else {
                output.append(0x25)
                output.append(upperDigit(byte >> 4))
                output.append(upperDigit(byte & 15))
            }
        }
    }

    /// `text` percent-encoded, see ``append(_:keepsSlash:to:)``.
    package static func encode(_ text: String, keepsSlash: Bool) -> String {
        let bytes = text.utf8Span.span
        var plainCount = 0
        while plainCount < bytes.count, isKept(bytes[plainCount], keepsSlash) { plainCount += 1 }
        if plainCount == bytes.count { return text }
        var output: [UInt8] = []
        output.reserveCapacity(bytes.count + 32)
        append(bytes, keepsSlash: keepsSlash, to: &output)
        return String(decoding: output, as: UTF8.self)
    }

    /// The decoded bytes, or nil where a `%` is not followed by two hexadecimal digits. `+` stays `+`.
    package static func decode(_ text: Span<UInt8>) -> [UInt8]? {
        var output: [UInt8] = []
        output.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte != 0x25 {
                output.append(byte)
                index += 1
                continue
            }
            guard text.count - index >= 3, let high = text[index + 1].hexValue, let low = text[index + 2].hexValue
            else { return nil }
            output.append(high << 4 | low)
            index += 3
        }
        return output
    }

    private static func isKept(_ byte: UInt8, _ keepsSlash: Bool) -> Bool {
        byte.isUnreserved || keepsSlash && byte == 0x2F
    }

    private static func upperDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? 0x30 &+ value : 0x37 &+ value
    }
}
