/// JSON read plainly, over characters and by the railroad diagrams of RFC 8259, into an outline of its values. The
/// strictness is that of the reader: names once, no half surrogates, bounded size and nesting.
package struct PlainJSONText {
    private var rest: ArraySlice<Unicode.Scalar>
    private let depthMax: Int

    /// The outline of the one value that the bytes are, nil where they are not one.
    package static func read(_ bytes: [UInt8], bytesMax: Int, depthMax: Int) -> String? {
        guard bytes.count <= bytesMax, let text = String(validating: bytes, as: UTF8.self) else { return nil }
        var reader = PlainJSONText(rest: Array(text.unicodeScalars)[...], depthMax: depthMax)
        guard let outline = reader.value(depth: 0) else { return nil }
        reader.skipSpace()
        return reader.rest.isEmpty ? outline : nil
    }

    /// A text so that no two texts look the same and no canonical equivalence makes them one.
    package static func quoted(_ scalars: some Sequence<Unicode.Scalar>) -> String {
        "<" + scalars.map { String($0.value, radix: 16) }.joined(separator: ".") + ">"
    }

    private mutating func skipSpace() { rest = rest.drop { " \t\n\r".unicodeScalars.contains($0) } }

    private mutating func take(_ text: String) -> Bool {
        guard rest.starts(with: text.unicodeScalars) else { return false }
        rest = rest.dropFirst(text.unicodeScalars.count)
        return true
    }

    private mutating func value(depth: Int) -> String? {
        skipSpace()
        for literal in ["null", "true", "false"] where take(literal) { return literal }
        switch rest.first {
        case "\""?: return string().map { Self.quoted($0) }
        case "["?: return group("[", "]", depth: depth) { reader, _ in reader.value(depth: depth + 1) }
        case "{"?:
            return group("{", "}", depth: depth) { reader, names in
                reader.skipSpace()
                guard let name = reader.string() else { return nil }
                let outline = Self.quoted(name)
                reader.skipSpace()
                guard reader.take(":"), let value = reader.value(depth: depth + 1), names.insert(outline).inserted
                else { return nil }
                return outline + value
            }
        default: return number()
        }
    }

    private mutating func group(
        _ open: String, _ close: String, depth: Int, item: (inout PlainJSONText, inout Set<String>) -> String?
    ) -> String? {
        guard depth < depthMax, take(open) else { return nil }
        var (items, names): ([String], Set<String>) = ([], [])
        skipSpace()
        if take(close) { return open + close }
        repeat {
            guard let one = item(&self, &names) else { return nil }
            items.append(one)
            skipSpace()
        } while take(",")
        return take(close) ? open + items.joined(separator: " ") + close : nil
    }

    private mutating func number() -> String? {
        let all = rest.prefix { "+-.eE0123456789".unicodeScalars.contains($0) }
        rest = rest.dropFirst(all.count)
        var mantissa = all.prefix { $0 != "e" && $0 != "E" }
        var exponent = all.dropFirst(mantissa.count)
        if !exponent.isEmpty {
            exponent = exponent.dropFirst()
            if exponent.first == "+" || exponent.first == "-" { exponent = exponent.dropFirst() }
            guard Self.isDigits(exponent) else { return nil }
        }
        if mantissa.first == "-" { mantissa = mantissa.dropFirst() }
        let halves = mantissa.split(separator: ".", omittingEmptySubsequences: false)
        guard let whole = halves.first, halves.count <= 2, halves.allSatisfy(Self.isDigits),
            whole.count == 1 || whole.first != "0"
        else { return nil }
        return "#" + String(String.UnicodeScalarView(all))
    }

    private static func isDigits(_ text: ArraySlice<Unicode.Scalar>) -> Bool {
        !text.isEmpty && text.allSatisfy { "0" ... "9" ~= $0 }
    }

    private mutating func string() -> [Unicode.Scalar]? {
        guard take("\"") else { return nil }
        // By way of UTF-16, where an escaped pair of surrogates is like any other character.
        var units: [UInt16] = []
        while let scalar = rest.popFirst() {
            if scalar == "\"" {
                return String(validating: units, as: UTF16.self).map { Array($0.unicodeScalars) }
            }
            guard scalar.value >= 0x20 else { return nil }
            guard scalar == "\\" else {
                units.append(contentsOf: String(scalar).utf16)
                continue
            }
            guard let letter = rest.popFirst() else { return nil }
            if letter == "u" {
                let digits = rest.prefix(4)
                guard digits.count == 4, digits.allSatisfy({ $0.isASCII && Character($0).isHexDigit }),
                    let unit = UInt16(String(String.UnicodeScalarView(digits)), radix: 16)
                else { return nil }
                units.append(unit)
                rest = rest.dropFirst(4)
            } else {
                let letters: [Unicode.Scalar: UInt16] = [
                    "\"": 0x22, "\\": 0x5C, "/": 0x2F, "b": 8, "f": 12, "n": 10, "r": 13, "t": 9,
                ]
                guard let unit = letters[letter] else { return nil }
                units.append(unit)
            }
        }
        return nil
    }
}
