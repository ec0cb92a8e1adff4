/// Functions, initialisers and deinitialisers with a body, and how many lines each takes.
struct FunctionScan {
    struct Function: Equatable {
        let name: String
        /// Counted from 1, the line of the keyword.
        let line: Int
        let lines: Int
    }

    private(set) var functions: [Function] = []
    private let words: [(text: String, line: Int)]

    init(_ code: [String]) {
        var words: [(String, Int)] = []
        for (index, line) in code.enumerated() {
            // What stands between quotes is blank in `code`, so that the quotes themselves are all that is to drop.
            words += SwiftTokens.split(line).filter { $0 != "\"" }.map { ($0, index + 1) }
        }
        self.words = words
        for position in words.indices {
            if let function = function(at: position) { functions.append(function) }
        }
    }

    private func function(at position: Int) -> Function? {
        let keyword = words[position].text
        guard ["func", "init", "deinit"].contains(keyword) else { return nil }
        let before = position > 0 ? words[position - 1].text : ""
        guard before != ".", before != "`" else { return nil }
        guard let open = bodyStart(after: position), let close = bodyEnd(from: open) else { return nil }
        let name = keyword == "func" ? words[position + 1].text : keyword
        let first = words[position].line
        return Function(name: name, line: first, lines: words[close].line - first + 1)
    }

    /// The body's opening brace: the first one outside parentheses before anything that begins another declaration.
    private func bodyStart(after position: Int) -> Int? {
        let others: Set<String> = ["func", "var", "let", "init", "deinit", "case", "subscript", "static", "}"]
        var parentheses = 0
        for index in (position + 1)..<words.count {
            switch words[index].text {
            case "(": parentheses += 1
            case ")": parentheses -= 1
            case "{" where parentheses == 0: return index
            case let text where parentheses == 0 && others.contains(text) && index > position + 1: return nil
            default: break
            }
            if parentheses < 0 { return nil }
        }
        return nil
    }

    private func bodyEnd(from open: Int) -> Int? {
        var depth = 0
        for index in open..<words.count {
            if words[index].text == "{" { depth += 1 }
            if words[index].text == "}" { depth -= 1 }
            if depth == 0 { return index }
        }
        return nil
    }
}
