internal import Settings

/// A file of profiles read plainly: split into lines and taken apart with none of the reader's code.
struct PlainProfiles {
    var profiles: [String: [String: String]] = [:]
    /// The line that makes no sense.
    var faultyLine: Int?

    private var prefixedDefault: [String: String]?
    private var target = Target.none
    private var lastIndent: Int?

    private enum Target: Equatable {
        case none, other, prefixedDefault
        case named(String)
    }

    init(_ bytes: [UInt8], kind: ProfileFile.Kind) {
        guard String(validating: bytes, as: UTF8.self) != nil else {
            faultyLine = 0
            return
        }
        let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
        let text = bytes.starts(with: mark) ? Array(bytes.dropFirst(3)) : bytes
        for (index, line) in text.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
            guard take(Array(line), kind) else {
                profiles = [:]
                faultyLine = index + 1
                return
            }
        }
        if let prefixedDefault { profiles["default"] = prefixedDefault }
    }

    private mutating func take(_ line: [UInt8], _ kind: ProfileFile.Kind) -> Bool {
        let words = Self.trimmed(line)
        guard let first = words.first, !Array("#;".utf8).contains(first) else { return true }
        let indent = line.prefix { Self.blanks.contains($0) }.count
        if let lastIndent, indent > lastIndent { return true }
        return first == 0x5B ? takeSection(words, kind) : takeProperty(words, indent)
    }

    private mutating func takeSection(_ words: [UInt8], _ kind: ProfileFile.Kind) -> Bool {
        guard let close = words.firstIndex(of: 0x5D) else { return false }
        lastIndent = nil
        target = Self.target(Self.trimmed(Array(words[1 ..< close])), kind)
        switch target {
        case .named(let name): profiles[name, default: [:]] = profiles[name] ?? [:]
        case .prefixedDefault: prefixedDefault = prefixedDefault ?? [:]
        case .none, .other: break
        }
        return true
    }

    private static func target(_ name: [UInt8], _ kind: ProfileFile.Kind) -> Target {
        if kind == .credentials { return name.isEmpty ? .other : .named(text(name)) }
        if name == Array("default".utf8) { return .named("default") }
        let word = Array("profile".utf8)
        guard name.starts(with: word), name.count > word.count, blanks.contains(name[word.count]) else { return .other }
        var inner = trimmed(Array(name.dropFirst(word.count)))
        for quote in Array("\"'".utf8) where inner.count > 1 && inner.first == quote && inner.last == quote {
            inner = Array(inner.dropFirst().dropLast())
            break
        }
        if inner.isEmpty { return .other }
        return inner == Array("default".utf8) ? .prefixedDefault : .named(text(inner))
    }

    private mutating func takeProperty(_ words: [UInt8], _ indent: Int) -> Bool {
        let sides = words.split(separator: 0x3D, maxSplits: 1, omittingEmptySubsequences: false)
        guard sides.count == 2, target != .none else { return false }
        let key = Self.text(Self.trimmed(Array(sides[0]))).lowercased()
        guard !key.isEmpty else { return false }
        var value = Array(sides[1])
        let comment = value.indices.dropFirst().first {
            Array("#;".utf8).contains(value[$0]) && Self.blanks.contains(value[$0 - 1])
        }
        if let comment { value = Array(value[..<comment]) }
        let text = Self.text(Self.trimmed(value))
        lastIndent = indent
        switch target {
        case .named(let name): profiles[name]?[key] = text
        case .prefixedDefault: prefixedDefault?[key] = text
        case .none, .other: break
        }
        return true
    }

    private static let blanks: [UInt8] = [0x20, 0x09, 0x0D]

    private static func trimmed(_ bytes: [UInt8]) -> [UInt8] {
        let start = bytes.drop { blanks.contains($0) }
        let rest = start.reversed().drop { blanks.contains($0) }
        return Array(rest.reversed())
    }

    private static func text(_ bytes: [UInt8]) -> String { String(decoding: bytes, as: UTF8.self) }
}
