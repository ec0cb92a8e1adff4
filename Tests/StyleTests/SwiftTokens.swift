/// A manifest's words, literals and single punctuation marks, without comments. Literals are plain ones.
struct SwiftTokens {
    struct Token: Equatable {
        let text: String
        let isLiteral: Bool
    }

    private(set) var tokens: [Token] = []

    init(_ text: String) {
        let swift = SwiftText(text)
        for (line, code) in zip(swift.lines, swift.code) {
            add(Array(line.utf8), code: Array(code.utf8))
        }
    }

    private mutating func add(_ line: [UInt8], code: [UInt8]) {
        var at = 0
        while at < code.count {
            let start = at
            if WordSearch.isWordByte(code[at]) {
                while at < code.count, WordSearch.isWordByte(code[at]) { at += 1 }
                tokens.append(Token(text: String(decoding: code[start..<at], as: UTF8.self), isLiteral: false))
            } else if code[at] == UInt8(ascii: "\"") {
                at += 1
                while at < code.count, code[at] != UInt8(ascii: "\"") { at += 1 }
                let text = String(decoding: line[min(start + 1, at)..<at], as: UTF8.self)
                tokens.append(Token(text: text, isLiteral: true))
                at += 1
            } else {
                if code[at] != UInt8(ascii: " ") {
                    tokens.append(Token(text: String(decoding: [code[at]], as: UTF8.self), isLiteral: false))
                }
                at += 1
            }
        }
    }

    /// A line's words and single other characters, without white space.
    static func split(_ code: String) -> [String] {
        let bytes = Array(code.utf8)
        var parts: [String] = []
        var at = 0
        while at < bytes.count {
            let start = at
            while at < bytes.count, WordSearch.isWordByte(bytes[at]) { at += 1 }
            if at == start { at += 1 }
            let part = String(decoding: bytes[start..<at], as: UTF8.self)
            if part != " ", part != "\t" { parts.append(part) }
        }
        return parts
    }
}
