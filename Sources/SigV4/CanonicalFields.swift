internal import Bytes

/// The fields' lines of the canonical request: names in lower case and in order, values trimmed and folded, the values
/// of one name joined by commas.
///
/// One object is filled again and again; it keeps its memory.
struct CanonicalFields {
    private var fields: [(name: String, value: String)] = []

    mutating func removeAll() { fields.removeAll(keepingCapacity: true) }

    /// Puts a field in its place, after those of the same name; fields that a proxy or a client library may change on
    /// the way are left out.
    mutating func insert(_ name: String, _ value: String) {
        let name = Self.lowercased(name)
        guard !Self.isUnsigned(name) else { return }
        var index = fields.count
        while index > 0, name < fields[index - 1].name { index -= 1 }
        fields.insert((name, value), at: index)
    }

    /// Appends a line `name:value` for each name.
    func appendLines(to output: inout [UInt8]) {
        var previous: String?
        for (name, value) in fields {
            if name == previous {
                output.append(0x2C)
            } else {
                if previous != nil { output.append(0x0A) }
                output.append(text: name)
                output.append(0x3A)
            }
            Self.appendFolded(value.utf8Span.span, to: &output)
            previous = name
        }
        output.append(0x0A)
    }

    /// Appends the names, joined by semicolons.
    func appendNames(to output: inout [UInt8]) {
        var previous: String?
        for (name, _) in fields where name != previous {
            if previous != nil { output.append(0x3B) }
            output.append(text: name)
            previous = name
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
        for byte in name.utf8 where byte &- 0x41 < 26 { return name.lowercased() }
        return name
    }

    private static func isUnsigned(_ name: String) -> Bool {
        switch name {
        case "authorization", "connection", "expect", "user-agent", "x-amzn-trace-id": true
        default: false
        }
    }
}
