/// An environment file read plainly: whole lines, in one go.
struct PlainEnvironment {
    struct Line: Equatable {
        var number: Int
        var name: [UInt8]
        var value: [UInt8]
    }

    private(set) var lines: [Line] = []
    /// Whether a line makes no sense or names what an earlier one has named.
    private(set) var isFaulty = false

    init(_ bytes: [UInt8]) {
        for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            var text = Self.stripped(line)
            if text.isEmpty || text[0] == 0x23 || text[0] == 0x3B { continue }
            if text.starts(with: Array("export ".utf8)) { text = Self.stripped(text[7...]) }
            let parts = text.split(separator: 0x3D, maxSplits: 1, omittingEmptySubsequences: false)
            guard parts.count == 2, Self.isName(parts[0]), let value = Self.value(Self.stripped(parts[1])) else {
                isFaulty = true
                continue
            }
            if lines.contains(where: { $0.name == Array(parts[0]) }) { isFaulty = true }
            lines.append(Line(number: index + 1, name: Array(parts[0]), value: value))
        }
    }

    private static func stripped(_ text: ArraySlice<UInt8>) -> [UInt8] {
        let blanks: [UInt8] = [0x20, 0x09, 0x0D]
        guard let first = text.firstIndex(where: { !blanks.contains($0) }),
            let last = text.lastIndex(where: { !blanks.contains($0) })
        else { return [] }
        return Array(text[first ... last])
    }

    private static func isName(_ text: ArraySlice<UInt8>) -> Bool {
        let allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_0123456789".utf8
        guard let first = text.first, !(0x30 ... 0x39).contains(first) else { return false }
        return text.allSatisfy { allowed.contains($0) }
    }

    /// nil where a quote is not closed at the end.
    private static func value(_ text: [UInt8]) -> [UInt8]? {
        guard let quote = text.first, quote == 0x22 || quote == 0x27 else { return text }
        var value: [UInt8] = []
        var rest = text.dropFirst()
        while let byte = rest.popFirst() {
            if byte == quote { return rest.isEmpty ? value : nil }
            if quote == 0x22, byte == 0x5C, let next = rest.first, next == 0x22 || next == 0x5C {
                value.append(next)
                rest.removeFirst()
            } else {
                value.append(byte)
            }
        }
        return nil
    }
}
