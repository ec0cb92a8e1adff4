internal import Bytes
internal import JSONWire

/// Text in log entries: one line, and nothing in it that moves a terminal's cursor.
enum LogText {
    /// Appends `text` with control characters (C0, DEL, C1) as `\xNN`.
    static func append(_ text: String, to output: inout [UInt8]) {
        var previous: UInt8 = 0
        for byte in text.utf8 {
            let isC1 = previous == 0xC2 && byte < 0xA0
            if isC1 { output.removeLast() }
            if byte < 0x20 || byte == 0x7F || isC1 {
                output.append(text: "\\x")
                Hex.appendLower(byte, to: &output)
            } else {
                output.append(byte)
            }
            previous = byte
        }
    }

    /// Appends a value: bare where it is one plain word, else as a JSON string.
    static func appendValue(_ value: String, to output: inout [UInt8]) {
        let isWord = !value.isEmpty && value.utf8.allSatisfy { $0.isVisible && $0 != 0x22 && $0 != 0x5C && $0 != 0x3D }
        if isWord { output.append(text: value) } else { JSONWriter.append(value, to: &output) }
    }

    /// Appends microseconds as milliseconds with a point: `1234` is `1.234`.
    static func appendMilliseconds(_ microseconds: Int64, to output: inout [UInt8]) {
        let duration = UInt64(max(microseconds, 0))
        Decimal.append(duration / 1_000, to: &output)
        output.append(0x2E)
        Decimal.append(duration % 1_000, width: 3, to: &output)
    }
}
