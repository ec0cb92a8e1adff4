internal import Bytes

/// The name that a client gives its file: text to show, never part of a key, a path or a header.
///
/// So a path, a leading dot, a quote or a direction mark in it stays as it was sent; whoever writes it into JSON,
/// HTML or a header escapes it there. Only what could break a line or steer a terminal is replaced, and the length
/// is bounded.
package enum FileName {
    /// Bytes of UTF-8 of a name, what file systems allow.
    package static let bytesMax = 255

    /// The text of an `x-filename` value, or nil where nothing is left of it.
    ///
    /// An `ext-value` in UTF-8 (RFC 8187 § 3.2) is read as such, else well-formed percent-encoding of UTF-8 is
    /// decoded, else UTF-8 is taken as it is, else the bytes are ISO 8859-1 (RFC 9110 § 5.5). `+` is a plus. What
    /// comes out is as ``display(_:)`` has it.
    package static func decode(fieldValue value: Span<UInt8>) -> String? {
        var start = 0
        var end = value.count
        while start < end, value[start].isOptionalWhitespace { start += 1 }
        while end > start, value[end - 1].isOptionalWhitespace { end -= 1 }
        let trimmed = value.extracting(start ..< end)
        return display(extendedValue(trimmed) ?? percentDecoded(trimmed) ?? plain(trimmed))
    }

    /// The text of a file's name in a form, or nil where nothing is left of it.
    ///
    /// `extended`, the value of `filename*`, counts before `plain`, that of `filename` (RFC 6266 § 4.3), where it is an
    /// `ext-value`. In `plain`, what a browser may not send as it is, a quote and line ends, is percent-encoded and
    /// nothing else is (https://html.spec.whatwg.org/#multipart-form-data), so only that is decoded. Of a path the last
    /// component is taken (RFC 7578 § 4.2): some clients send all of it. What comes out is as ``display(_:)`` has it.
    package static func decode(formFilename plain: [UInt8]?, extended: [UInt8]?) -> String? {
        if let extended, let text = extendedValue(extended.span), let name = display(lastComponent(text)) {
            return name
        }
        guard let plain else { return nil }
        return display(lastComponent(Self.plain(unescaped(plain).span)))
    }

    private static func lastComponent(_ path: String) -> String {
        let separator = path.utf8.lastIndex { $0 == 0x2F || $0 == 0x5C }
        return separator.map { String(path[path.utf8.index(after: $0)...]) } ?? path
    }

    /// `%22`, `%0D` and `%0A` decoded.
    private static func unescaped(_ text: [UInt8]) -> [UInt8] {
        guard text.contains(0x25) else { return text }
        var output: [UInt8] = []
        var index = 0
        while index < text.count {
            var byte = text[index]
            if byte == 0x25, index + 2 < text.count, let high = text[index + 1].hexValue,
                let low = text[index + 2].hexValue, [0x22, 0x0D, 0x0A].contains(high << 4 | low)
            {
                byte = high << 4 | low
                index += 2
            }
            output.append(byte)
            index += 1
        }
        return output
    }

    /// `text` as it is kept: each control character (C0, DEL, C1, the line and paragraph separators) replaced by
    /// U+FFFD, cut after the last whole character within ``bytesMax``; nil where that is empty.
    package static func display(_ text: String) -> String? {
        var shown = text
        if text.unicodeScalars.contains(where: isControl) {
            shown = ""
            for scalar in text.unicodeScalars {
                shown.unicodeScalars.append(isControl(scalar) ? "\u{FFFD}" : scalar)
            }
        }
        let kept = shown.utf8.count <= bytesMax ? shown : cut(shown)
        return kept.isEmpty ? nil : kept
    }

    private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x00 ... 0x1F, 0x7F ... 0x9F, 0x2028, 0x2029: true
        default: false
        }
    }

    private static func cut(_ text: String) -> String {
        var kept = ""
        for character in text {
            guard kept.utf8.count + character.utf8.count <= bytesMax else { break }
            kept.append(character)
        }
        guard kept.isEmpty else { return kept }
        // One character longer than that is a pile of combining marks: cut between two of them.
        for scalar in text.unicodeScalars {
            guard kept.utf8.count + UTF8.width(scalar) <= bytesMax else { break }
            kept.unicodeScalars.append(scalar)
        }
        return kept
    }

    /// `UTF-8'language'value` with a value of attr-chars and percent-encoded bytes, decoded, where `text` is that.
    private static func extendedValue(_ text: Span<UInt8>) -> String? {
        let charset = 6
        guard text.count > charset, text.extracting(0 ..< charset).equalsIgnoringCase("utf-8'") else { return nil }
        var index = charset
        while index < text.count, text[index].isAlpha || text[index].isDigit || text[index] == 0x2D { index += 1 }
        guard index < text.count, text[index] == 0x27 else { return nil }
        let value = text.extracting(droppingFirst: index + 1)
        for index in value.indices {
            guard isAttributeByte(value[index]) || value[index] == 0x25 else { return nil }
        }
        return percentDecoded(value)
    }

    /// `attr-char` of RFC 8187 § 3.2.1: `tchar` without `*`, `'` and `%`.
    private static func isAttributeByte(_ byte: UInt8) -> Bool {
        byte.isTokenByte && byte != 0x2A && byte != 0x27 && byte != 0x25
    }

    private static func percentDecoded(_ text: Span<UInt8>) -> String? {
        guard let bytes = PercentCoding.decode(text) else { return nil }
        return bytes.span.validatedText()
    }

    private static func plain(_ text: Span<UInt8>) -> String {
        if let valid = text.validatedText() { return valid }
        var latin = ""
        for index in text.indices { latin.unicodeScalars.append(Unicode.Scalar(text[index])) }
        return latin
    }
}
