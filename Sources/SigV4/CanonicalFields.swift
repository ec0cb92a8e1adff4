internal import Bytes

/// The fields' lines of the canonical request: names in lower case and in order, values trimmed and folded, the values
/// of one name joined by commas.
///
/// One object is filled again and again; it keeps its memory.
struct CanonicalFields {
    private struct Field {
        let name: String
        let value: String
        /// Whether the field before has the same name.
        var continues: Bool
    }

    private var fields: [Field] = []

    mutating func removeAll() { fields.removeAll(keepingCapacity: true) }

    /// Puts a field in its place, after those of the same name; fields that a proxy or a client library may change on
    /// the way are left out.
    mutating func insert(_ name: String, _ value: String) {
        let name = Self.lowercased(name)
        guard !Self.isUnsigned(name) else { return }
        var index = fields.count
        while index > 0, name < fields[index - 1].name { index -= 1 }
        let continues = index > 0 && fields[index - 1].name == name
        fields.insert(Field(name: name, value: value, continues: continues), at: index)
    }

    /// Appends a line `name:value` for each name.
    func appendLines(to output: inout [UInt8]) {
        for index in fields.indices {
            if fields[index].continues {
                output.append(0x2C)
            } else {
                if index > 0 { output.append(0x0A) }
                output.append(text: fields[index].name)
                output.append(0x3A)
            }
            Self.appendFolded(fields[index].value.utf8Span.span, to: &output)
        }
        output.append(0x0A)
    }

    /// Appends the names, joined by semicolons.
    func appendNames(to output: inout [UInt8]) {
        for index in fields.indices where !fields[index].continues {
            if index > 0 { output.append(0x3B) }
            output.append(text: fields[index].name)
        }
    }

    /// Appends `value` without white space at its ends, each run of it inside becoming one space.
    private static func appendFolded(_ value: Span<UInt8>, to output: inout [UInt8]) {
        var start = 0
        var index = 0
        var isFirst = true
        while index < value.count {
            while index < value.count, isSpace(value[index]) { index += 1 }
            start = index
            while index < value.count {
                // A single space between two other bytes is already what it becomes.
                if isSpace(value[index]), value[index] != 0x20 || isSpaceOrEnd(value, index + 1) { break }
                index += 1
            }
            guard index > start else { return }
            if !isFirst { output.append(0x20) }
            output.append(contentsOf: value.extracting(start ..< index))
            isFirst = false
        }
    }

    private static func isSpaceOrEnd(_ value: Span<UInt8>, _ index: Int) -> Bool {
        index >= value.count || isSpace(value[index])
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte &- 0x09 < 5 }

    private static func lowercased(_ name: String) -> String {
        let bytes = name.utf8Span.span
        for index in bytes.indices where bytes[index] &- 0x41 < 26 { return name.lowercased() }
        return name
    }

    /// By length first: this is asked of every field of every request.
    private static func isUnsigned(_ name: String) -> Bool {
        switch name.utf8.count {
        case 6: name == "expect"
        case 10: name == "connection" || name == "user-agent"
        case 13: name == "authorization"
        case 15: name == "x-amzn-trace-id"
        default: false
        }
    }
}
