internal import Bytes

/// Writes one JSON value (RFC 8259) into a byte array; commas put themselves. What opens must be closed by the caller.
///
/// Text comes out as one line that is harmless on a terminal: beside what JSON asks for, DEL, the C1 controls and the
/// two Unicode line separators are escaped.
package struct JSONWriter {
    /// The text so far.
    package private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// A writer with room for `capacityBytes` before its buffer grows.
    package init(capacityBytes: Int = 256) { bytes.reserveCapacity(capacityBytes) }

    package mutating func beginObject() { open(0x7B) }
    package mutating func endObject() { close(0x7D) }
    package mutating func beginArray() { open(0x5B) }
    package mutating func endArray() { close(0x5D) }

    /// The name of the next member.
    package mutating func name(_ name: String) {
        string(name)
        bytes.append(0x3A)
        needsComma = false
    }

    /// A string value.
    package mutating func string(_ text: String) {
        separate()
        Self.append(text, to: &bytes)
    }

    /// A string value out of bytes; what is not UTF-8 in them becomes U+FFFD.
    package mutating func string(_ text: Span<UInt8>) {
        separate()
        Self.append(text, to: &bytes)
    }

    package mutating func integer(_ value: Int64) {
        separate()
        if value < 0 { bytes.append(0x2D) }
        Decimal.append(value.magnitude, to: &bytes)
    }

    package mutating func bool(_ value: Bool) {
        separate()
        bytes.append(text: value ? "true" : "false")
    }

    package mutating func null() {
        separate()
        bytes.append(text: "null")
    }

    /// A value that is JSON already; it is not looked at.
    package mutating func raw(_ json: Span<UInt8>) {
        separate()
        bytes.append(contentsOf: json)
    }

    package mutating func member(_ name: String, _ value: String) {
        self.name(name)
        string(value)
    }

    package mutating func member(_ name: String, _ value: Int64) {
        self.name(name)
        integer(value)
    }

    package mutating func member(_ name: String, _ value: Bool) {
        self.name(name)
        bool(value)
    }

    /// A member that is `null` where there is no value.
    package mutating func member(_ name: String, _ value: String?) {
        self.name(name)
        if let value { string(value) } else { null() }
    }

    /// A member that is `null` where there is no value.
    package mutating func member(_ name: String, _ value: Int64?) {
        self.name(name)
        if let value { integer(value) } else { null() }
    }

    /// Appends `text` as a JSON string with its quotes.
    package static func append(_ text: String, to output: inout [UInt8]) {
        let bytes = text.utf8Span.span
        // Without a branch: most texts are plain to their end.
        var others: UInt8 = 0
        for index in bytes.indices {
            let byte = bytes[index]
            others |= (byte &- 0x20 > 0x5E ? 1 : 0) | (byte == 0x22 ? 1 : 0) | (byte == 0x5C ? 1 : 0)
        }
        guard others == 0 else { return appendQuoted(bytes, to: &output) }
        output.append(0x22)
        output.append(text: text)
        output.append(0x22)
    }

    /// Appends `text` as a JSON string with its quotes; what is not UTF-8 becomes U+FFFD.
    package static func append(_ text: Span<UInt8>, to output: inout [UInt8]) {
        if let valid = try? UTF8Span(validating: text) {
            appendQuoted(valid.span, to: &output)
        } else {
            appendQuoted(text.repairedText().utf8Span.span, to: &output)
        }
    }

    private mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    private mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(0x2C) }
        needsComma = true
    }

    /// `text` is UTF-8.
    private static func appendQuoted(_ text: Span<UInt8>, to output: inout [UInt8]) {
        output.append(0x22)
        var runStart = 0
        var index = 0
        while index < text.count {
            let escaped = isPlain(text[index]) ? nil : characterToEscape(text, at: index)
            guard let escaped else {
                index += 1
                continue
            }
            output.append(contentsOf: text.extracting(runStart ..< index))
            appendEscape(escaped.unit, to: &output)
            index += escaped.bytes
            runStart = index
        }
        output.append(contentsOf: text.extracting(runStart ..< text.count))
        output.append(0x22)
    }

    /// Whether no character that begins with `byte` is ever escaped.
    private static func isPlain(_ byte: UInt8) -> Bool {
        byte >= 0x20 && byte != 0x22 && byte != 0x5C && byte != 0x7F && byte != 0xC2 && byte != 0xE2
    }

    /// The UTF-16 code unit and the length of the character at `index` where it is one to escape.
    private static func characterToEscape(_ text: Span<UInt8>, at index: Int) -> (unit: UInt16, bytes: Int)? {
        let byte = text[index]
        switch byte {
        case 0xC2:
            guard text.count - index >= 2, text[index + 1] < 0xA0 else { return nil }
            return (UInt16(text[index + 1]), 2)
        case 0xE2:
            guard text.count - index >= 3, text[index + 1] == 0x80, text[index + 2] | 1 == 0xA9 else { return nil }
            return (0x2000 | UInt16(text[index + 2] & 0x3F), 3)
        default:
            return (UInt16(byte), 1)
        }
    }

    private static func appendEscape(_ unit: UInt16, to output: inout [UInt8]) {
        output.append(0x5C)
        switch unit {
        case 0x22, 0x5C: output.append(UInt8(truncatingIfNeeded: unit))
        case 0x08: output.append(0x62)
        case 0x09: output.append(0x74)
        case 0x0A: output.append(0x6E)
        case 0x0C: output.append(0x66)
        case 0x0D: output.append(0x72)
        default:
            output.append(0x75)
            Hex.appendLower(UInt8(unit >> 8), to: &output)
            Hex.appendLower(UInt8(unit & 0xFF), to: &output)
        }
    }
}
