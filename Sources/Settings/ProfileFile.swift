internal import Bytes

/// The profiles in one of the two files that AWS's tools share (AWS SDKs and Tools Reference Guide, "Shared config and
/// credentials files").
///
/// Read as those tools do: names of properties in any case, comments on lines of their own or after white space, lines
/// that are indented deeper than the property before them belong to it. Nothing of a file is ever quoted.
package struct ProfileFile: Equatable {
    package enum Kind {
        /// `[name]`
        case credentials
        /// `[profile name]`, or `[default]`
        case config
    }

    /// Line `line`, from 1, is neither a section, nor a property, nor a comment; 0: the file is not UTF-8.
    package struct Fault: Error, Equatable, CustomStringConvertible {
        package let line: Int

        package init(line: Int) { self.line = line }

        package var description: String {
            line == 0 ? "it is not UTF-8" : "line \(line) is neither [section], name = value nor a comment"
        }
    }

    /// Hundreds of profiles, as tools for single sign-on write them, stay far below.
    package static let fileBytesMax = 1_048_576

    private var profiles: [String: [String: String]] = [:]

    /// The properties of a profile, by lower-case name; nil when there is no such profile.
    package subscript(_ profile: String) -> [String: String]? { profiles[profile] }

    package var names: [String] { Array(profiles.keys) }

    package static func parse(_ bytes: Span<UInt8>, kind: Kind) throws(Fault) -> ProfileFile {
        guard bytes.validatedText() != nil else { throw Fault(line: 0) }
        var reader = Reader(kind: kind)
        var start = bytes.count >= 3 && bytes[0] == 0xEF && bytes[1] == 0xBB && bytes[2] == 0xBF ? 3 : 0
        var number = 0
        while start < bytes.count {
            var end = start
            while end < bytes.count, bytes[end] != 0x0A { end += 1 }
            number += 1
            guard reader.take(bytes.extracting(start ..< end)) else { throw Fault(line: number) }
            start = end + 1
        }
        return ProfileFile(profiles: reader.merged())
    }

    private init(profiles: [String: [String: String]]) {
        self.profiles = profiles
    }

    private struct Reader {
        private enum Section {
            case none
            case profile(String)
            /// `[profile default]`, which wins over `[default]` wherever it stands.
            case prefixedDefault
            /// Of no interest, such as `[sso-session …]`.
            case other
        }

        private let kind: Kind
        private var profiles: [String: [String: String]] = [:]
        private var prefixedDefault: [String: String]?
        private var section = Section.none
        /// How far the last property of the section was indented.
        private var indent: Int?

        init(kind: Kind) {
            self.kind = kind
        }

        /// Takes a line in, without its end; false: it makes no sense.
        mutating func take(_ line: Span<UInt8>) -> Bool {
            var start = 0
            var end = line.count
            while end > 0, Self.isSpace(line[end - 1]) { end -= 1 }
            while start < end, Self.isSpace(line[start]) { start += 1 }
            guard start < end, line[start] != 0x23, line[start] != 0x3B else { return true }
            if let indent, start > indent { return true }
            let text = line.extracting(start ..< end)
            if text[0] == 0x5B { return takeSection(text) }
            return takeProperty(text, indent: start)
        }

        func merged() -> [String: [String: String]] {
            var profiles = profiles
            if let prefixedDefault { profiles["default"] = prefixedDefault }
            return profiles
        }

        private mutating func takeSection(_ text: Span<UInt8>) -> Bool {
            var close = 1
            while close < text.count, text[close] != 0x5D { close += 1 }
            guard close < text.count else { return false }
            let name = Self.trimmed(text.extracting(1 ..< close))
            indent = nil
            section = Self.section(name.repairedText(), kind)
            switch section {
            case .profile(let name): if profiles[name] == nil { profiles[name] = [:] }
            case .prefixedDefault: if prefixedDefault == nil { prefixedDefault = [:] }
            case .none, .other: break
            }
            return true
        }

        private static func section(_ name: String, _ kind: Kind) -> Section {
            switch kind {
            case .credentials: return name.isEmpty ? .other : .profile(name)
            case .config:
                if name == "default" { return .profile(name) }
                guard name.hasPrefix("profile"), let separator = name.utf8.dropFirst(7).first, isSpace(separator)
                else { return .other }
                let rest = name.utf8.dropFirst(7)
                let bytes = [UInt8](rest)
                let inner = unquoted(trimmed(bytes.span)).repairedText()
                return inner.isEmpty ? .other : inner == "default" ? .prefixedDefault : .profile(inner)
            }
        }

        private mutating func takeProperty(_ text: Span<UInt8>, indent: Int) -> Bool {
            var equals = 0
            while equals < text.count, text[equals] != 0x3D { equals += 1 }
            let key = Self.trimmed(text.extracting(first: equals))
            guard equals < text.count, !key.isEmpty else { return false }
            let value = Self.trimmed(Self.withoutComment(text.extracting(droppingFirst: equals + 1)))
            let name = key.repairedText().lowercased()
            self.indent = indent
            switch section {
            case .none: return false
            case .profile(let profile): profiles[profile]?[name] = value.repairedText()
            case .prefixedDefault: prefixedDefault?[name] = value.repairedText()
            case .other: break
            }
            return true
        }

        @_lifetime(copy value)
        private static func withoutComment(_ value: Span<UInt8>) -> Span<UInt8> {
            var index = 0
            while index + 1 < value.count {
                if isSpace(value[index]), value[index + 1] == 0x23 || value[index + 1] == 0x3B {
                    return value.extracting(first: index)
                }
                index += 1
            }
            return value
        }

        @_lifetime(copy name)
        private static func unquoted(_ name: Span<UInt8>) -> Span<UInt8> {
            let end = name.count - 1
            guard end > 0, name[0] == 0x22 || name[0] == 0x27, name[end] == name[0] else { return name }
            return name.extracting(1 ..< end)
        }

        @_lifetime(copy text)
        private static func trimmed(_ text: Span<UInt8>) -> Span<UInt8> {
            var start = 0
            var end = text.count
            while end > start, isSpace(text[end - 1]) { end -= 1 }
            while start < end, isSpace(text[start]) { start += 1 }
            return text.extracting(start ..< end)
        }

        private static func isSpace(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0D }
    }
}
