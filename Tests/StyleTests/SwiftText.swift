/// A Swift source cut into lines of code and a mark for each line that holds a comment.
///
/// Comments and the text of string literals become spaces in `code`, so that a word search sees code only; code inside
/// an interpolation stays. Columns and line numbers are those of the source.
struct SwiftText {
    /// The lines without their newline.
    let lines: [String]
    /// As `lines`, with spaces where comments and literal text were.
    let code: [String]
    /// Whether a comment with at least one letter stands on the line.
    let hasComment: [Bool]

    init(_ source: String) {
        var scanner = SwiftScanner(source)
        scanner.scan()
        lines = SwiftText.split(scanner.source)
        code = SwiftText.split(scanner.code)
        hasComment = scanner.commentLines
    }

    private static func split(_ bytes: [UInt8]) -> [String] {
        bytes.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
            .map { String(decoding: $0, as: UTF8.self) }
    }

    /// Whether a comment stands on the line or on the one above it. Lines count from 0.
    func isExplained(_ line: Int) -> Bool {
        hasComment[line] || (line > 0 && hasComment[line - 1])
    }
}

/// Tells code, comments and string literals apart, byte by byte.
struct SwiftScanner {
    /// What surrounds the current byte. An interpolation counts its open parentheses, a literal knows its delimiter.
    private enum Place: Equatable {
        case code(parentheses: Int)
        case literal(hashes: Int, isMultiline: Bool)
    }

    let source: [UInt8]
    private(set) var code: [UInt8]
    private(set) var commentLines: [Bool] = [false]
    private var position = 0
    private var places: [Place] = [.code(parentheses: 0)]

    init(_ text: String) {
        source = Array(text.utf8)
        code = source
    }

    mutating func scan() {
        while position < source.count {
            switch places.last {
            case .literal(let hashes, let isMultiline): scanLiteral(hashes: hashes, isMultiline: isMultiline)
            case .code, nil: scanCode()
            }
        }
    }

    private mutating func scanCode() {
        if starts("//") {
            while position < source.count, source[position] != UInt8(ascii: "\n") { takeComment() }
        } else if starts("/*") {
            scanBlockComment()
        } else if source[position] == UInt8(ascii: "`") {
            scanRawIdentifier()
        } else if let hashes = literalHashes() {
            take(hashes)
            let isMultiline = starts("\"\"\"")
            take(isMultiline ? 3 : 1)
            places.append(.literal(hashes: hashes, isMultiline: isMultiline))
        } else {
            countParenthesis()
            take(1)
        }
    }

    /// In an interpolation: the parenthesis that closes it leads back into its literal.
    private mutating func countParenthesis() {
        guard places.count > 1, case .code(let open)? = places.last else { return }
        if source[position] == UInt8(ascii: "(") {
            places[places.count - 1] = .code(parentheses: open + 1)
        } else if source[position] == UInt8(ascii: ")") {
            if open == 0 {
                places.removeLast()
            } else {
                places[places.count - 1] = .code(parentheses: open - 1)
            }
        }
    }

    private mutating func scanLiteral(hashes: Int, isMultiline: Bool) {
        let pounds = String(repeating: "#", count: hashes)
        if starts((isMultiline ? "\"\"\"" : "\"") + pounds) {
            take((isMultiline ? 3 : 1) + hashes)
            places.removeLast()
        } else if starts("\\" + pounds + "(") {
            take(2 + hashes)
            places.append(.code(parentheses: 0))
        } else if starts("\\" + pounds) {
            // The escaped byte may be a quote.
            blank(1 + hashes)
            if position < source.count { blank(1) }
        } else {
            blank(1)
        }
    }

    private mutating func scanBlockComment() {
        var depth = 0
        repeat {
            if starts("/*") {
                depth += 1
                takeComment()
            } else if starts("*/") {
                depth -= 1
                takeComment()
            }
            takeComment()
        } while depth > 0 && position < source.count
    }

    private mutating func scanRawIdentifier() {
        take(1)
        while position < source.count, source[position] != UInt8(ascii: "`"), source[position] != UInt8(ascii: "\n") {
            blank(1)
        }
        if position < source.count { take(1) }
    }

    /// The number of `#` before a quote that opens a literal here; nil where none opens.
    private func literalHashes() -> Int? {
        var end = position
        while end < source.count, source[end] == UInt8(ascii: "#") { end += 1 }
        return end < source.count && source[end] == UInt8(ascii: "\"") ? end - position : nil
    }

    private func starts(_ text: String) -> Bool {
        var at = position
        for byte in text.utf8 {
            guard at < source.count, source[at] == byte else { return false }
            at += 1
        }
        return true
    }

    private mutating func take(_ count: Int) {
        for _ in 0..<count where position < source.count {
            if source[position] == UInt8(ascii: "\n") { commentLines.append(false) }
            position += 1
        }
    }

    private mutating func blank(_ count: Int) {
        for _ in 0..<count where position < source.count {
            if source[position] != UInt8(ascii: "\n") { code[position] = UInt8(ascii: " ") }
            take(1)
        }
    }

    private mutating func takeComment() {
        guard position < source.count else { return }
        let byte = source[position] | 0x20
        if byte >= UInt8(ascii: "a"), byte <= UInt8(ascii: "z") { commentLines[commentLines.count - 1] = true }
        blank(1)
    }
}
