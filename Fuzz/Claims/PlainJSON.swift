/// The members of a JSON object, found by walking over its text. It does not judge the text: what it finds is compared
/// with what the strict reader found.
package struct PlainJSON {
    package struct Value {
        /// The value as written.
        package let source: ArraySlice<UInt8>

        /// The text of a string.
        package var text: String? {
            guard source.count >= 2, source.first == 0x22, source.last == 0x22 else { return nil }
            return PlainJSON.unescaped(source.dropFirst().dropLast())
        }

        /// The source of what is neither string nor array nor object.
        package var scalar: String? {
            guard let first = source.first, ![0x22, 0x5B, 0x7B].contains(first) else { return nil }
            return String(decoding: source, as: UTF8.self)
        }
    }

    private var members: [(name: String, value: Value)] = []

    /// Nil where the bytes are not `{ "name" : value , … }` at their outermost level.
    package init?(_ bytes: [UInt8]) {
        var walk = PlainWalk(bytes)
        guard walk.skip(0x7B) else { return nil }
        if !walk.skip(0x7D) {
            repeat {
                guard let name = walk.string(), walk.skip(0x3A), let value = walk.value(),
                    let text = Self.unescaped(name.dropFirst().dropLast())
                else { return nil }
                members.append((text, Value(source: value)))
            } while walk.skip(0x2C)
            guard walk.skip(0x7D) else { return nil }
        }
        guard walk.isAtEnd else { return nil }
    }

    package func has(_ name: String) -> Bool { members.contains { $0.name.utf8.elementsEqual(name.utf8) } }

    /// The value of the one member of that name; nil where there is none or more than one.
    package func single(_ name: String) -> Value? {
        var found: Value?
        for member in members where member.name.utf8.elementsEqual(name.utf8) {
            guard found == nil else { return nil }
            found = member.value
        }
        return found
    }

    /// The text of what stands between the quotes, by way of UTF-16; nil where it is not text.
    private static func unescaped(_ inner: ArraySlice<UInt8>) -> String? {
        guard let source = String(validating: inner, as: UTF8.self) else { return nil }
        guard inner.contains(0x5C) else { return source }
        var units: [UInt16] = []
        var rest = source.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            guard scalar == "\\" else {
                units.append(contentsOf: String(scalar).utf16)
                continue
            }
            guard let letter = rest.popFirst() else { return nil }
            if letter == "u" {
                guard rest.count >= 4, let unit = UInt16(String(rest.prefix(4)), radix: 16) else { return nil }
                units.append(unit)
                rest = rest.dropFirst(4)
            } else {
                let letters: [Unicode.Scalar: UInt16] = ["b": 8, "f": 12, "n": 10, "r": 13, "t": 9]
                units.append(letters[letter] ?? UInt16(truncatingIfNeeded: letter.value))
            }
        }
        return String(validating: units, as: UTF16.self)
    }
}

/// A place in JSON text.
private struct PlainWalk {
    private let bytes: [UInt8]
    private var index = 0

    package init(_ bytes: [UInt8]) { self.bytes = bytes }

    package var isAtEnd: Bool { bytes[index...].allSatisfy(Self.isSpace) }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == 0x20 || byte == 0x09 || byte == 0x0A || byte == 0x0D
    }

    private mutating func skipSpace() {
        while index < bytes.count, Self.isSpace(bytes[index]) { index += 1 }
    }

    /// Whether `byte` is next, past white space; it is taken.
    package mutating func skip(_ byte: UInt8) -> Bool {
        skipSpace()
        guard index < bytes.count, bytes[index] == byte else { return false }
        index += 1
        return true
    }

    /// The string that is next, with its quotes.
    package mutating func string() -> ArraySlice<UInt8>? {
        skipSpace()
        guard index < bytes.count, bytes[index] == 0x22 else { return nil }
        let start = index
        index += 1
        while index < bytes.count, bytes[index] != 0x22 { index += bytes[index] == 0x5C ? 2 : 1 }
        guard index < bytes.count else { return nil }
        index += 1
        return bytes[start ..< index]
    }

    /// The value that is next, up to the comma or bracket that is not its own.
    package mutating func value() -> ArraySlice<UInt8>? {
        skipSpace()
        let start = index
        var depth = 0
        while index < bytes.count {
            switch bytes[index] {
            case 0x22:
                guard string() != nil else { return nil }
            case 0x5B, 0x7B:
                depth += 1
                index += 1
            case 0x5D, 0x7D:
                guard depth > 0 else { return trimmed(start) }
                depth -= 1
                index += 1
            case 0x2C where depth == 0:
                return trimmed(start)
            default:
                index += 1
            }
        }
        return nil
    }

    private func trimmed(_ start: Int) -> ArraySlice<UInt8>? {
        var value = bytes[start ..< index]
        while let last = value.last, Self.isSpace(last) { value.removeLast() }
        return value.isEmpty ? nil : value
    }
}
