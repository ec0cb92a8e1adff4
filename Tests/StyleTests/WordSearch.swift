/// Whole-word search without regular expressions: a word is a run of letters, digits and `_`.
enum WordSearch {
    static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"): true
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"): true
        default: byte >= 0x80
        }
    }

    /// The words of a line, in order.
    static func words(_ line: String) -> [String] {
        line.utf8.split { !isWordByte($0) }.map { String($0) ?? "" }
    }

    /// Whether `phrase` stands in `line` with no word byte right before its first or right after its last word byte.
    static func contains(_ phrase: String, in line: String) -> Bool {
        let text = Array(line.utf8)
        let wanted = Array(phrase.utf8)
        guard let first = wanted.first, let last = wanted.last, text.count >= wanted.count else { return false }
        for start in 0...(text.count - wanted.count) where text[start] == first {
            let end = start + wanted.count
            guard text[start..<end].elementsEqual(wanted) else { continue }
            let joinsBefore = start > 0 && isWordByte(first) && isWordByte(text[start - 1])
            let joinsAfter = end < text.count && isWordByte(last) && isWordByte(text[end])
            if !joinsBefore && !joinsAfter { return true }
        }
        return false
    }
}
